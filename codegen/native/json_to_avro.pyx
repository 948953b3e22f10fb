# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""JSON → Avro in one pass over the bytes, by a plan of the schema: the compiled twin of codegen.transcoding.

It gives the bytes that the model gives, or gives up with NotPlain, which it may do whenever it likes: the model has the
word then. The plan is made when the program runs (codegen.native.plan), so that nothing of a schema is compiled in.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memmove

from codegen.plain import NOT_PLAIN, NotPlain, PlainColumns

cdef extern from "Python.h":
    double PyOS_string_to_double(const char *text, char **end, void *overflow) except? -1.0

cdef enum:
    NULL_KIND = 0
    BOOLEAN_KIND = 1
    INT_KIND = 2
    LONG_KIND = 3
    FLOAT_KIND = 4
    DOUBLE_KIND = 5
    STRING_KIND = 6
    UUID_KIND = 7
    INSTANT_KIND = 8
    TEXT_KIND = 9
    ENUM_KIND = 10
    ARRAY_KIND = 11
    MAP_KIND = 12
    OPTIONAL_KIND = 13
    RECORD_KIND = 14

KINDS = {
    "null": NULL_KIND, "boolean": BOOLEAN_KIND, "int": INT_KIND, "long": LONG_KIND, "float": FLOAT_KIND,
    "double": DOUBLE_KIND, "string": STRING_KIND, "uuid": UUID_KIND, "instant": INSTANT_KIND, "text": TEXT_KIND,
    "enum": ENUM_KIND, "array": ARRAY_KIND, "map": MAP_KIND, "optional": OPTIONAL_KIND, "record": RECORD_KIND,
}

cdef int MAX_DEPTH = 100
cdef Py_ssize_t FEW = 16  # so many are compared one by one, and more are looked up
cdef double FLOAT_MAX = 3.4028234663852886e38


cdef class Node:
    """A type of the plan. Which attributes count is a matter of its kind."""

    cdef int kind
    cdef public Node child          # of arrays, maps and optionals
    cdef int null_byte              # of optionals: what stands for null, and before a value; -1 where there is none
    cdef int value_byte
    cdef int64_t units              # of instants: how many of a second
    cdef object function            # of texts and instants: what makes Avro of the text, in Latin-1 spelling
    cdef tuple names                # the symbols of an enum, the keys of a record
    cdef dict places                # the same by name
    cdef tuple types                # of a record: its fields'
    cdef tuple defaults             # of a record: the bytes of a field that is missing; None where it must be there
    cdef Py_ssize_t *targets        # of a record: to which field a key belongs
    cdef Py_ssize_t fields

    def __init__(self, str kind):
        self.kind = KINDS[kind]

    def set_branches(self, int null_byte, int value_byte, Node child):
        self.null_byte, self.value_byte, self.child = null_byte, value_byte, child

    def set_text(self, function, int64_t units=0):
        self.function, self.units = function, units

    def set_symbols(self, symbols):
        self.names = tuple(symbols)
        self.places = {name: place for place, name in enumerate(self.names)}

    def set_fields(self, keys, targets, types, defaults):
        self.set_symbols(keys)
        self.types, self.defaults = tuple(types), tuple(defaults)
        self.fields = len(self.types)
        PyMem_Free(self.targets)
        self.targets = <Py_ssize_t *>PyMem_Malloc((len(self.names) + 1) * sizeof(Py_ssize_t))
        if self.targets == NULL:
            raise MemoryError
        for key, field in enumerate(targets):
            self.targets[<Py_ssize_t>key] = field

    def __dealloc__(self):
        PyMem_Free(self.targets)


cdef class Engine:
    """Reads the events of one plan. Not for several threads at once without the interpreter's lock."""

    cdef Node root
    cdef Py_ssize_t key, event_id   # the fields of the root whose text is told; -1 for none
    cdef tuple bits                 # of each key of the root
    cdef uint64_t *few_bits         # the same, where they fit
    cdef char *out
    cdef Py_ssize_t size, room
    cdef Py_ssize_t *spans          # a stack: the start and the length of each field of the records that are open
    cdef Py_ssize_t top, spans_room
    cdef Py_ssize_t *kept           # of the root: a mark for each of its keys, then start and length of each field
    cdef const char *at
    cdef const char *end
    cdef bint busy

    def __cinit__(self, Node root, Py_ssize_t key, Py_ssize_t event_id, tuple bits):
        cdef Py_ssize_t place
        self.root, self.key, self.event_id, self.bits = root, key, event_id, bits
        if len(bits) < 60:
            self.few_bits = <uint64_t *>PyMem_Malloc((len(bits) + 1) * sizeof(uint64_t))
            if self.few_bits == NULL:
                raise MemoryError
            for place in range(len(bits)):
                self.few_bits[place] = bits[place]
        self.room, self.spans_room = 4096, 256
        self.out = <char *>PyMem_Malloc(self.room)
        self.spans = <Py_ssize_t *>PyMem_Malloc(self.spans_room * sizeof(Py_ssize_t))
        self.kept = <Py_ssize_t *>PyMem_Malloc((len(root.names) + 2 * root.fields + 1) * sizeof(Py_ssize_t))
        if self.out == NULL or self.spans == NULL or self.kept == NULL:
            raise MemoryError

    def __dealloc__(self):
        PyMem_Free(self.out)
        PyMem_Free(self.spans)
        PyMem_Free(self.kept)
        PyMem_Free(self.few_bits)

    def read(self, bytes data not None, bytes prefix not None):
        """The event of one JSON text, as codegen.plain.Plain. Raises an exception of NOT_PLAIN."""
        return self.event(data, prefix)

    def read_many(self, list texts not None, Py_ssize_t start, Py_ssize_t stop, bytes prefix not None, Py_ssize_t most):
        """Several of `texts`, as codegen.plain.ReadMany."""
        cdef list indexes = [], values = [], keys = [], event_ids = [], names = [], rest = []
        cdef Py_ssize_t index
        cdef bytes text
        for index in range(start, min(stop, len(texts))):
            text = texts[index]
            if len(text) > most:
                rest.append(index)
                continue
            try:
                value, key, event_id, bits = self.event(text, prefix)
            except NOT_PLAIN:
                rest.append(index)
                continue
            indexes.append(index)
            values.append(value)
            keys.append(key)
            event_ids.append(event_id)
            names.append(bits)
        return PlainColumns(indexes, values, keys, event_ids, names, rest)

    cdef tuple event(self, bytes data, bytes prefix):
        cdef Py_ssize_t length
        cdef const char *text
        cdef bytes key = None
        cdef str event_id = None
        if self.busy:
            raise NotPlain  # a function of the plan called back
        self.busy = True
        try:
            self.at = PyBytes_AS_STRING(data)
            self.end = self.at + PyBytes_GET_SIZE(data)
            if not is_ascii(self.at, self.end):
                PyUnicode_DecodeUTF8(self.at, self.end - self.at, NULL)
            self.size = self.top = 0
            self.put(PyBytes_AS_STRING(prefix), PyBytes_GET_SIZE(prefix))
            self.space()
            self.record(self.root, 0, self.kept)
            self.space()
            if self.at != self.end:
                raise NotPlain
            if self.key >= 0:
                text = self.text_of(self.key, &length)
                key = PyBytes_FromStringAndSize(text, length)
            if self.event_id >= 0:
                text = self.text_of(self.event_id, &length)
                event_id = PyUnicode_DecodeUTF8(text, length, NULL)
            return PyBytes_FromStringAndSize(self.out, self.size), key, event_id, self.names()
        finally:
            self.busy = False

    cdef object names(self):
        """The bits of the keys that were there."""
        cdef Py_ssize_t index
        cdef uint64_t few = 0
        cdef object bits = 0
        if self.few_bits != NULL:
            for index in range(len(self.root.names)):
                if self.kept[index]:
                    few |= self.few_bits[index]
            return few
        for index in range(len(self.root.names)):
            if self.kept[index]:
                bits |= self.bits[index]
        return bits

    cdef const char *text_of(self, Py_ssize_t field, Py_ssize_t *length) except NULL:
        """The text of a field of the root, as it stands in what was written: a symbol, or what is behind its length."""
        cdef Node node = <Node>self.root.types[field]
        cdef Py_ssize_t *span = self.kept + len(self.root.names) + 2 * field
        cdef const char *text = self.out + span[0]
        cdef Py_ssize_t index = 0
        cdef int shift = 0
        cdef bytes symbol
        if span[1] < 0:
            raise NotPlain  # its default stands there
        if node.kind == ENUM_KIND:
            while text[0] & 0x80:
                index |= <Py_ssize_t>(text[0] & 0x7F) << shift
                shift += 7
                text += 1
            index |= <Py_ssize_t>text[0] << shift
            symbol = <bytes>node.names[index >> 1]
            length[0] = PyBytes_GET_SIZE(symbol)
            return PyBytes_AS_STRING(symbol)
        if node.kind != STRING_KIND and node.kind != UUID_KIND:
            raise NotPlain
        while text[0] & 0x80:
            text += 1
        length[0] = self.out + span[0] + span[1] - text - 1
        return text + 1

    # ------------------------------------------------------------ what is written

    cdef inline int reserve(self, Py_ssize_t more) except -1:
        return self.enlarge(more) if self.size + more > self.room else 0

    cdef int enlarge(self, Py_ssize_t more) except -1:
        cdef char *larger
        while self.size + more > self.room:
            self.room *= 2
        larger = <char *>PyMem_Realloc(self.out, self.room)
        if larger == NULL:
            raise MemoryError
        self.out = larger
        return 0

    cdef inline int put(self, const char *data, Py_ssize_t length) except -1:
        self.reserve(length)
        memcpy(self.out + self.size, data, length)
        self.size += length
        return 0

    cdef inline int put_byte(self, char byte) except -1:
        self.reserve(1)
        self.out[self.size] = byte
        self.size += 1
        return 0

    cdef int put_long(self, int64_t number) except -1:
        """Zig-zag (Avro specification, "Binary Encoding")."""
        cdef uint64_t rest = (<uint64_t>number << 1) ^ <uint64_t>(number >> 63)
        self.reserve(10)
        while rest > 0x7F:
            self.out[self.size] = <char>(rest & 0x7F | 0x80)
            self.size += 1
            rest >>= 7
        self.out[self.size] = <char>rest
        self.size += 1
        return 0

    cdef int put_latin(self, object text) except -1:
        cdef bytes data = (<str>text).encode("latin-1")
        return self.put(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))

    # ------------------------------------------------------------ what is read

    cdef inline void space(self) noexcept:
        while self.at < self.end and (self.at[0] == 32 or self.at[0] == 10 or self.at[0] == 13 or self.at[0] == 9):
            self.at += 1

    cdef inline int take(self, char byte) except -1:
        """`byte` must be next, and white space may be behind it."""
        if self.at >= self.end or self.at[0] != byte:
            raise NotPlain
        self.at += 1
        self.space()
        return 0

    cdef inline int literal(self, const char *word, Py_ssize_t length) except -1:
        if self.end - self.at < length or memcmp(self.at, word, length) != 0:
            raise NotPlain
        self.at += length
        return 0

    cdef int value(self, Node node, int depth) except -1:
        cdef const char *text
        cdef Py_ssize_t length
        cdef int kind = node.kind
        if self.at >= self.end:
            raise NotPlain
        if kind == STRING_KIND:
            return self.string()
        if kind == OPTIONAL_KIND:
            if self.at[0] == c"n":
                if node.null_byte < 0:
                    raise NotPlain
                self.literal(b"null", 4)
                return self.put_byte(<char>node.null_byte)
            if node.child is None:
                raise NotPlain
            self.put_byte(<char>node.value_byte)
            return self.value(node.child, depth)
        if kind == RECORD_KIND:
            return self.record(node, depth + 1, NULL)
        if kind == MAP_KIND or kind == ARRAY_KIND:
            return self.blocks(node, depth + 1)
        if kind == INT_KIND or kind == LONG_KIND:
            return self.integer(kind == INT_KIND)
        if kind == FLOAT_KIND or kind == DOUBLE_KIND:
            return self.number(kind == FLOAT_KIND)
        if kind == BOOLEAN_KIND:
            if self.at[0] == c"t":
                self.literal(b"true", 4)
                return self.put_byte(1)
            self.literal(b"false", 5)
            return self.put_byte(0)
        if kind == NULL_KIND:
            return self.literal(b"null", 4)
        length = self.bare(&text)
        if kind == UUID_KIND:
            if length != 36 or not is_uuid(text):
                raise NotPlain
            self.put_byte(72)
            return self.put(text, 36)
        if kind == ENUM_KIND:
            return self.put_long(find(node, text, length, 0))
        if kind == INSTANT_KIND and self.instant(text, length, node.units):
            return 0
        return self.put_latin(node.function(PyUnicode_DecodeUTF8(text, length, NULL)))

    cdef Py_ssize_t bare(self, const char **text) except -1:
        """The inside of a string without escapes."""
        cdef const char *at = self.at + 1
        if self.at >= self.end or self.at[0] != c'"':
            raise NotPlain
        text[0] = at
        at = end_of_ordinary(at, self.end)
        if at >= self.end or at[0] != c'"':
            raise NotPlain
        self.at = at + 1
        return at - text[0]

    cdef int string(self) except -1:
        """A string with or without escapes, as Avro writes it."""
        cdef const char *at = self.at + 1
        cdef const char *start = at
        if self.at >= self.end or self.at[0] != c'"':
            raise NotPlain
        at = end_of_ordinary(at, self.end)
        if at >= self.end or <unsigned char>at[0] < 32:
            raise NotPlain
        if at[0] == c"\\":
            return self.escaped()
        self.at = at + 1
        self.put_long(at - start)
        return self.put(start, at - start)

    cdef int escaped(self) except -1:
        """Escapes only make a text shorter: there is room for the longest length before it, and it is moved up."""
        cdef Py_ssize_t start = self.size
        cdef Py_ssize_t length
        cdef uint32_t code, low
        cdef char byte
        self.at += 1
        self.reserve(10 + (self.end - self.at))
        self.size += 10
        while True:
            if self.at >= self.end or <unsigned char>self.at[0] < 32:
                raise NotPlain
            byte = self.at[0]
            self.at += 1
            if byte == c'"':
                break
            if byte == c"\\":
                if self.at >= self.end:
                    raise NotPlain
                byte = self.at[0]
                self.at += 1
                if byte == c"u":
                    code = self.four_digits()
                    if 0xDC00 <= code <= 0xDFFF:
                        raise NotPlain
                    if 0xD800 <= code <= 0xDBFF:
                        self.literal(b"\\u", 2)
                        low = self.four_digits()
                        if not 0xDC00 <= low <= 0xDFFF:
                            raise NotPlain
                        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
                    self.put_character(code)
                    continue
                if byte == c"n":
                    byte = 10
                elif byte == c"t":
                    byte = 9
                elif byte == c"r":
                    byte = 13
                elif byte == c"b":
                    byte = 8
                elif byte == c"f":
                    byte = 12
                elif byte != c'"' and byte != c"\\" and byte != c"/":
                    raise NotPlain
            self.out[self.size] = byte
            self.size += 1
        length = self.size - start - 10
        self.size = start
        self.put_long(length)
        memmove(self.out + self.size, self.out + start + 10, length)
        self.size += length
        return 0

    cdef uint32_t four_digits(self) except? 0xFFFFFFFF:
        cdef uint32_t code = 0
        cdef int index
        cdef char digit
        if self.end - self.at < 4:
            raise NotPlain
        for index in range(4):
            digit = self.at[index]
            if c"0" <= digit <= c"9":
                code = code << 4 | <uint32_t>(digit - c"0")
            elif c"a" <= digit <= c"f":
                code = code << 4 | <uint32_t>(digit - c"a" + 10)
            elif c"A" <= digit <= c"F":
                code = code << 4 | <uint32_t>(digit - c"A" + 10)
            else:
                raise NotPlain
        self.at += 4
        return code

    cdef void put_character(self, uint32_t code) noexcept:
        """UTF-8; there is room, since an escape is longer."""
        cdef char *out = self.out + self.size
        if code < 0x80:
            out[0] = <char>code
            self.size += 1
        elif code < 0x800:
            out[0] = <char>(0xC0 | code >> 6)
            out[1] = <char>(0x80 | code & 0x3F)
            self.size += 2
        elif code < 0x10000:
            out[0] = <char>(0xE0 | code >> 12)
            out[1] = <char>(0x80 | code >> 6 & 0x3F)
            out[2] = <char>(0x80 | code & 0x3F)
            self.size += 3
        else:
            out[0] = <char>(0xF0 | code >> 18)
            out[1] = <char>(0x80 | code >> 12 & 0x3F)
            out[2] = <char>(0x80 | code >> 6 & 0x3F)
            out[3] = <char>(0x80 | code & 0x3F)
            self.size += 4

    cdef int integer(self, bint is_int) except -1:
        cdef bint negative = self.at[0] == c"-"
        cdef uint64_t number = 0
        cdef const char *start
        if negative:
            self.at += 1
        start = self.at
        while self.at < self.end and c"0" <= self.at[0] <= c"9":
            if self.at - start >= 19:
                raise NotPlain
            number = number * 10 + <uint64_t>(self.at[0] - c"0")
            self.at += 1
        if self.at == start or (start[0] == c"0" and (self.at - start > 1 or negative)):
            raise NotPlain
        if self.at < self.end and (self.at[0] == c"." or self.at[0] == c"e" or self.at[0] == c"E"):
            raise NotPlain
        if number > (<uint64_t>0x7FFFFFFF if is_int else <uint64_t>0x7FFFFFFFFFFFFFFF) + negative:
            raise NotPlain
        return self.put_long(<int64_t>(0 - number) if negative else <int64_t>number)

    cdef int number(self, bint is_float) except -1:
        """A number by JSON's own grammar (RFC 8259, section 6), which is narrower than C's."""
        cdef const char *start = self.at
        cdef const char *at = start
        cdef char *stop
        cdef double value
        cdef float single
        if at < self.end and at[0] == c"-":
            at += 1
        if at < self.end and at[0] == c"0":
            at += 1
        elif not self.digits(&at):
            raise NotPlain
        if at < self.end and at[0] == c".":
            at += 1
            if not self.digits(&at):
                raise NotPlain
        if at < self.end and (at[0] == c"e" or at[0] == c"E"):
            at += 1
            if at < self.end and (at[0] == c"-" or at[0] == c"+"):
                at += 1
            if not self.digits(&at):
                raise NotPlain
        # A byte of zero stands behind the bytes of any object, so that this stops.
        value = PyOS_string_to_double(start, &stop, NULL)
        if stop != at or not -1.7976931348623157e308 <= value <= 1.7976931348623157e308:
            raise NotPlain
        self.at = at
        if is_float:
            if not -FLOAT_MAX <= value <= FLOAT_MAX:
                raise NotPlain
            single = <float>value
            return self.put_little(&single, 4)
        return self.put_little(&value, 8)

    cdef bint digits(self, const char **at) noexcept:
        cdef const char *start = at[0]
        while at[0] < self.end and c"0" <= at[0][0] <= c"9":
            at[0] += 1
        return at[0] > start

    cdef int put_little(self, void *value, int size) except -1:
        cdef int index
        cdef uint32_t probe = 1
        cdef char *data = <char *>value
        self.reserve(size)
        for index in range(size):
            self.out[self.size + index] = data[index if (<char *>&probe)[0] else size - 1 - index]
        self.size += size
        return 0

    cdef bint instant(self, const char *text, Py_ssize_t length, int64_t units) except -1:
        """`2026-01-31T08:15:30.125Z` with any digits; False where another spelling, or no moment, is looked at anew."""
        cdef int64_t year, month, day, hour, minute, second
        cdef int64_t fraction = 0
        cdef int64_t unit = units
        cdef Py_ssize_t index
        if length < 20 or text[4] != c"-" or text[7] != c"-" or text[10] != c"T" or text[13] != c":":
            return False
        if text[16] != c":" or text[length - 1] != c"Z":
            return False
        year = two(text) * 100 + two(text + 2)
        month, day = two(text + 5), two(text + 8)
        hour, minute, second = two(text + 11), two(text + 14), two(text + 17)
        if two(text) < 0 or two(text + 2) < 0 or year < 1 or not 1 <= month <= 12:
            return False
        if not 1 <= day <= days_of(year, month) or not 0 <= hour <= 23 or not 0 <= minute <= 59 or not 0 <= second <= 59:
            return False
        if length > 20:
            if text[19] != c"." or length < 22:
                return False
            for index in range(20, length - 1):
                if not c"0" <= text[index] <= c"9":
                    return False
                unit //= 10
                fraction += unit * (text[index] - c"0")
        self.put_long(((days_since(year, month, day) * 24 + hour) * 60 + minute) * 60 * units + second * units + fraction)
        return True

    cdef int blocks(self, Node node, int depth) except -1:
        """One block with all items, and the empty one behind it (Avro specification, "Arrays", "Maps")."""
        cdef bint is_map = node.kind == MAP_KIND
        cdef Py_ssize_t start = self.size
        cdef Py_ssize_t base = self.top
        cdef Py_ssize_t items = 0
        cdef Py_ssize_t width, key
        cdef set known = None
        if depth > MAX_DEPTH:
            raise NotPlain
        self.put_byte(0)
        self.take(c"{" if is_map else c"[")
        if self.at < self.end and self.at[0] == (c"}" if is_map else c"]"):
            self.at += 1
            return 0
        while True:
            if is_map:
                key = self.size
                self.string()
                known = self.new_key(key, base, items, known)
                self.space()
                self.take(c":")
            self.value(node.child, depth)
            self.space()
            items += 1
            if self.at < self.end and self.at[0] == c",":
                self.at += 1
                self.space()
                continue
            break
        if self.at >= self.end or self.at[0] != (c"}" if is_map else c"]"):
            raise NotPlain
        self.at += 1
        self.top = base
        if items < 64:
            self.out[start] = <char>(2 * items)
        else:
            width = self.size
            self.put_long(items)  # behind the items for its width, and then where it belongs
            key = self.size - width
            self.reserve(key)
            memmove(self.out + start + key, self.out + start + 1, width - start - 1)
            self.size = start
            self.put_long(items)
            self.size = width + key - 1
        return self.put_byte(0)

    cdef set new_key(self, Py_ssize_t start, Py_ssize_t base, Py_ssize_t items, set known):
        """The key that was written from `start` on; it must not be there yet."""
        cdef Py_ssize_t length = self.size - start
        cdef Py_ssize_t index
        cdef bytes key
        if items < FEW:
            for index in range(base, self.top, 2):
                if self.spans[index + 1] == length and memcmp(self.out + self.spans[index], self.out + start, length) == 0:
                    raise NotPlain
            self.open(2)
            self.spans[self.top - 2], self.spans[self.top - 1] = start, length
            return None
        if known is None:
            known = {self.out[self.spans[index]:self.spans[index] + self.spans[index + 1]] for index in range(base, self.top, 2)}
        key = self.out[start:start + length]
        if key in known:
            raise NotPlain
        known.add(key)
        return known

    cdef int open(self, Py_ssize_t more) except -1:
        """So many further places on the stack of spans."""
        cdef Py_ssize_t *larger
        if self.top + more > self.spans_room:
            while self.top + more > self.spans_room:
                self.spans_room *= 2
            larger = <Py_ssize_t *>PyMem_Realloc(self.spans, self.spans_room * sizeof(Py_ssize_t))
            if larger == NULL:
                raise MemoryError
            self.spans = larger
        self.top += more
        return 0

    cdef int record(self, Node node, int depth, Py_ssize_t *kept) except -1:
        """The fields come in any order, and are put into the schema's at the end; `kept` takes the root's spans."""
        cdef Py_ssize_t start = self.size
        cdef Py_ssize_t base = self.top
        cdef Py_ssize_t fields = node.fields
        cdef Py_ssize_t field, key, length, index, next_key = 0
        cdef Py_ssize_t keys = len(node.names)
        cdef const char *text
        if depth > MAX_DEPTH:
            raise NotPlain
        self.open(2 * fields)
        for index in range(fields):
            self.spans[base + 2 * index] = -1
        if kept != NULL:
            for index in range(keys):
                kept[index] = 0
        self.take(c"{")
        if self.at < self.end and self.at[0] == c"}":
            self.at += 1
        else:
            while True:
                length = self.bare(&text)
                key = find(node, text, length, next_key)
                next_key = key + 1
                field = node.targets[key]
                if self.spans[base + 2 * field] >= 0:
                    raise NotPlain
                if kept != NULL:
                    kept[key] = 1
                self.space()
                self.take(c":")
                index = self.size
                self.value(<Node>node.types[field], depth)
                self.spans[base + 2 * field] = index
                self.spans[base + 2 * field + 1] = self.size - index
                self.space()
                if self.at < self.end and self.at[0] == c",":
                    self.at += 1
                    self.space()
                    continue
                break
            if self.at >= self.end or self.at[0] != c"}":
                raise NotPlain
            self.at += 1
        self.arrange(node, start, base, kept)
        self.top = base
        return 0

    cdef int arrange(self, Node node, Py_ssize_t start, Py_ssize_t base, Py_ssize_t *kept) except -1:
        """Each field at its place, and its default where it is missing."""
        cdef Py_ssize_t index, place = start
        cdef Py_ssize_t fields = node.fields
        cdef Py_ssize_t end = self.size
        cdef Py_ssize_t *span = self.spans + base
        cdef bytes default
        for index in range(fields):
            if span[2 * index] != place:
                break
            place += span[2 * index + 1]
        else:
            index = fields
        if index < fields:  # from here on another order, or something missing: behind what is there, and moved up
            for index in range(index, fields):
                if span[2 * index] >= 0:
                    self.reserve(span[2 * index + 1])
                    memcpy(self.out + self.size, self.out + span[2 * index], span[2 * index + 1])
                    self.size += span[2 * index + 1]
                else:
                    if node.defaults[index] is None:
                        raise NotPlain
                    default = <bytes>node.defaults[index]
                    self.put(PyBytes_AS_STRING(default), PyBytes_GET_SIZE(default))
            memmove(self.out + place, self.out + end, self.size - end)
            self.size = place + self.size - end
        if kept != NULL:
            kept += len(node.names)
            place = start
            for index in range(fields):
                kept[2 * index] = place
                kept[2 * index + 1] = span[2 * index + 1] if span[2 * index] >= 0 else -1
                place += span[2 * index + 1] if span[2 * index] >= 0 else len(<bytes>node.defaults[index])
        return 0


cdef inline const char *end_of_ordinary(const char *at, const char *end) noexcept:
    """The first quotation mark, backslash or control character, which end what stands for itself in a string."""
    cdef uint64_t word, quotes, backslashes, found
    while end - at >= 8:
        memcpy(&word, at, 8)
        # A byte of zero, or one below 32, borrows from its highest bit (eight bytes at once, as in strlen).
        quotes = word ^ <uint64_t>0x2222222222222222
        backslashes = word ^ <uint64_t>0x5C5C5C5C5C5C5C5C
        found = (quotes - <uint64_t>0x0101010101010101) & ~quotes
        found |= (backslashes - <uint64_t>0x0101010101010101) & ~backslashes
        found |= (word - <uint64_t>0x2020202020202020) & ~word
        if found & <uint64_t>0x8080808080808080:
            break
        at += 8
    while at < end and at[0] != c'"' and at[0] != c"\\" and <unsigned char>at[0] >= 32:
        at += 1
    return at


cdef Py_ssize_t find(Node node, const char *text, Py_ssize_t length, Py_ssize_t first) except -1:
    """The place of a name: mostly the `first` that is tried."""
    cdef Py_ssize_t count = len(node.names)
    cdef Py_ssize_t index
    cdef bytes name
    if first < count and is_name(<bytes>node.names[first], text, length):
        return first
    if count <= FEW:
        for index in range(count):
            if is_name(<bytes>node.names[index], text, length):
                return index
        raise NotPlain
    found = node.places.get(text[:length])
    if found is None:
        raise NotPlain
    return found


cdef inline bint is_name(bytes name, const char *text, Py_ssize_t length) noexcept:
    return PyBytes_GET_SIZE(name) == length and memcmp(PyBytes_AS_STRING(name), text, length) == 0


cdef bint is_ascii(const char *at, const char *end) noexcept:
    cdef uint64_t word
    while end - at >= 8:
        memcpy(&word, at, 8)
        if word & <uint64_t>0x8080808080808080:
            return False
        at += 8
    while at < end:
        if <unsigned char>at[0] > 127:
            return False
        at += 1
    return True


cdef bint is_uuid(const char *text) noexcept:
    """36 characters in lower case."""
    cdef int index
    for index in range(36):
        if index == 8 or index == 13 or index == 18 or index == 23:
            if text[index] != c"-":
                return False
        elif not (c"0" <= text[index] <= c"9" or c"a" <= text[index] <= c"f"):
            return False
    return True


cdef inline int64_t two(const char *text) noexcept:
    """Two digits, or a number that is far below zero."""
    if c"0" <= text[0] <= c"9" and c"0" <= text[1] <= c"9":
        return (text[0] - c"0") * 10 + (text[1] - c"0")
    return -1000


cdef int64_t days_of(int64_t year, int64_t month) noexcept:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month == 4 or month == 6 or month == 9 or month == 11 else 31


cdef int64_t days_since(int64_t year, int64_t month, int64_t day) noexcept:
    """Days since 1970-01-01 in the Gregorian calendar; a year begins in March here, so that a leap day ends it."""
    cdef int64_t rest
    if month <= 2:
        year -= 1
        month += 12
    rest = 365 * year + year // 4 - year // 100 + year // 400
    return rest + (153 * (month - 3) + 2) // 5 + day - 719469
