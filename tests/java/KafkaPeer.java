import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.Decoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A client of another make: kafka-clients and Avro, the frame by hand.
 *
 * <p>read SERVERS TOPIC SCHEMA COUNT: `partition TAB key TAB value TAB value encoded again`, in hex, for each record.
 *
 * <p>write SERVERS TOPIC SCHEMA ID: of each line `key TAB Avro JSON` a record; `partition TAB key TAB value` for each.
 */
public final class KafkaPeer {
  private static final HexFormat HEX = HexFormat.of();
  private static final int HEADER_BYTES = 5;

  public static void main(String[] words) throws Exception {
    Schema schema = new Schema.Parser().parse(Files.readString(Path.of(words[3])));
    int number = Integer.parseInt(words[4]);
    if (words[0].equals("read")) {
      read(words[1], words[2], schema, number);
    } else {
      write(words[1], words[2], schema, number);
    }
  }

  private static void read(String servers, String topic, Schema schema, int count) throws Exception {
    Map<String, Object> settings = Map.of("bootstrap.servers", servers, "auto.offset.reset", "earliest");
    try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> all =
          consumer.partitionsFor(topic).stream().map(each -> new TopicPartition(topic, each.partition())).toList();
      consumer.assign(all);
      consumer.seekToBeginning(all);
      long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
      for (int seen = 0; seen < count && System.nanoTime() < deadline; ) {
        for (ConsumerRecord<String, byte[]> each : consumer.poll(Duration.ofMillis(500))) {
          byte[] value = each.value();
          byte[] body = Arrays.copyOfRange(value, HEADER_BYTES, value.length);
          Decoder decoder = DecoderFactory.get().binaryDecoder(body, null);
          Object record = reader(schema).read(null, decoder);
          String again = HEX.formatHex(framed(ByteBuffer.wrap(value, 1, 4).getInt(), schema, record));
          System.out.println(each.partition() + "\t" + each.key() + "\t" + HEX.formatHex(value) + "\t" + again);
          seen++;
        }
      }
    }
  }

  private static void write(String servers, String topic, Schema schema, int id) throws Exception {
    Map<String, Object> settings = Map.of("bootstrap.servers", servers, "acks", "all", "enable.idempotence", true);
    try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] parts = line.split("\t", 2);
        Decoder decoder = DecoderFactory.get().jsonDecoder(schema, parts[1]);
        byte[] value = framed(id, schema, reader(schema).read(null, decoder));
        var answer = producer.send(new ProducerRecord<>(topic, parts[0], value)).get();
        System.out.println(answer.partition() + "\t" + parts[0] + "\t" + HEX.formatHex(value));
      }
    }
  }

  /** Keeps the order of a map's entries, as no reader of Avro promises: only so the bytes can be compared. */
  private static GenericDatumReader<Object> reader(Schema schema) {
    GenericData data = new GenericData();
    data.setFastReaderEnabled(false);
    return new GenericDatumReader<>(schema, schema, data) {
      @Override
      protected Object newMap(Object old, int size) {
        return new LinkedHashMap<>(size);
      }
    };
  }

  private static byte[] framed(int id, Schema schema, Object record) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(0);
    out.write(ByteBuffer.allocate(4).putInt(id).array());
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
    new GenericDatumWriter<>(schema, new GenericData()).write(record, encoder);
    encoder.flush();
    return out.toByteArray();
  }
}
