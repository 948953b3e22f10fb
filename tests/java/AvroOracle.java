import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Objects;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/**
 * What Apache Avro for Java says, one JSON line for each JSON line of a question, in the same order.
 *
 * <p>A question names its "op"; schemas are JSON text, data are hexadecimal. What Avro refuses is an answer too:
 * {"error": sentence}.
 */
public final class AvroOracle {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HexFormat HEX = HexFormat.of();

  /** Data as Avro Java reads them by default, through its "fast reader"; nothing converts logical types. */
  private static final GenericData DEFAULT = new GenericData();

  /** The same through the older reader, which this subclass chooses; entries of maps stay in their order. */
  private static final GenericData ORDERED = new GenericData() {
    @Override
    public Object newMap(Object old, int size) {
      return new LinkedHashMap<>(size);
    }
  };

  private AvroOracle() {}

  public static void main(String[] arguments) throws IOException {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var out = new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.write(JSON.writeValueAsString(answer(JSON.readTree(line))));
      out.newLine();
      if (!in.ready()) {
        out.flush();
      }
    }
    out.flush();
  }

  private static ObjectNode answer(JsonNode question) {
    try {
      return switch (question.path("op").asText()) {
        case "compatible" -> compatible(schema(question, "reader"), schema(question, "writer"));
        case "recode" -> recode(schema(question, "schema"), hex(question));
        case "resolve" -> resolve(schema(question, "writer"), schema(question, "reader"), question);
        case "canonical" -> canonical(schema(question, "schema"));
        default -> throw new IllegalArgumentException("unknown op in " + question);
      };
    } catch (Exception | StackOverflowError | OutOfMemoryError refusal) {
      return JSON.createObjectNode().put("error", refusal.getClass().getSimpleName() + ": " + refusal.getMessage());
    }
  }

  /** With a parser of its own, because a parser remembers the names of all that it has parsed. */
  private static Schema schema(JsonNode question, String key) {
    return new Schema.Parser().parse(question.path(key).asText());
  }

  private static byte[] hex(JsonNode question) {
    return HEX.parseHex(question.path("hex").asText());
  }

  private static ObjectNode compatible(Schema reader, Schema writer) {
    var result = SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getResult();
    ObjectNode answer = JSON.createObjectNode().put("verdict", result.getCompatibility().name());
    ArrayNode found = answer.putArray("incompatibilities");
    for (var incompatibility : result.getIncompatibilities()) {
      found.addObject().put("type", incompatibility.getType().name()).put("location", incompatibility.getLocation());
    }
    return answer;
  }

  private static ObjectNode recode(Schema schema, byte[] data) throws IOException {
    return JSON.createObjectNode().put("hex", HEX.formatHex(encode(schema, decode(schema, schema, data, ORDERED))));
  }

  /** Both of Avro Java's readers must read, and the same; or the fast one alone, if the question says so. */
  private static ObjectNode resolve(Schema writer, Schema reader, JsonNode question) throws IOException {
    Object datum = decode(writer, reader, hex(question), DEFAULT);
    if (!question.path("fast").asBoolean()) {
      Object ordered = decode(writer, reader, hex(question), ORDERED);
      if (!Objects.equals(ordered, datum)) {
        throw new AvroRuntimeException("the readers differ: " + ordered + " and, by the fast one, " + datum);
      }
      datum = ordered;
    }
    return JSON.createObjectNode().put("hex", HEX.formatHex(encode(reader, datum)));
  }

  private static ObjectNode canonical(Schema schema) throws NoSuchAlgorithmException {
    ObjectNode answer = JSON.createObjectNode().put("form", SchemaNormalization.toParsingForm(schema));
    for (String name : new String[] {"CRC-64-AVRO", "SHA-256"}) {
      answer.put(name, HEX.formatHex(SchemaNormalization.parsingFingerprint(name, schema)));
    }
    return answer;
  }

  private static Object decode(Schema writer, Schema reader, byte[] data, GenericData model) throws IOException {
    BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(data, null);
    Object datum = new GenericDatumReader<>(writer, reader, model).read(null, decoder);
    if (!decoder.isEnd()) {
      throw new AvroRuntimeException("bytes are left behind the datum");
    }
    return datum;
  }

  private static byte[] encode(Schema schema, Object datum) throws IOException {
    var out = new ByteArrayOutputStream();
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
    new GenericDatumWriter<>(schema, ORDERED).write(datum, encoder);
    encoder.flush();
    return out.toByteArray();
  }
}
