SET 'pipeline.name' = 'user_action-flink';
SET 'execution.runtime-mode' = 'streaming';
SET 'table.local-time-zone' = 'UTC';
SET 'table.exec.source.idle-timeout' = '60 s';
SET 'execution.checkpointing.mode' = 'EXACTLY_ONCE';
SET 'execution.checkpointing.interval' = '10 s';
SET 'execution.checkpointing.dir' = 'file:///checkpoints';
SET 'execution.checkpointing.externalized-checkpoint-retention' = 'RETAIN_ON_CANCELLATION';
SET 'restart-strategy.type' = 'exponential-delay';
SET 'restart-strategy.exponential-delay.initial-backoff' = '1 s';
SET 'restart-strategy.exponential-delay.max-backoff' = '30 s';

CREATE TABLE `user_action` (
  `event_id` STRING NOT NULL,
  `user_id` STRING NOT NULL,
  `action` STRING NOT NULL,
  `page_url` STRING NOT NULL,
  `occurred_at` TIMESTAMP(3) NOT NULL,
  `session_id` STRING,
  `device` ROW<`os` STRING NOT NULL, `model` STRING, `app_version` STRING NOT NULL, `advertising_id` STRING>,
  `properties` MAP<STRING NOT NULL, STRING NOT NULL> NOT NULL,
  `source_partition` INT NOT NULL METADATA FROM 'partition' VIRTUAL,
  `source_offset` BIGINT NOT NULL METADATA FROM 'offset' VIRTUAL,
  WATERMARK FOR `occurred_at` AS `occurred_at` - INTERVAL '60' SECOND(2)
) WITH (
  'connector' = 'kafka',
  'topic' = 'events.clean',
  'properties.bootstrap.servers' = 'kafka:9092',
  'properties.security.protocol' = 'SSL',
  'properties.group.id' = 'user_action-flink',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset',
  'value.format' = 'avro-confluent',
  'value.avro-confluent.url' = 'http://registry:8081',
  'value.avro-confluent.subject' = 'events-value',
  'value.avro-confluent.schema' = '{"type":"record","name":"UserAction","namespace":"com.example.activity","doc":"One thing that one person did in the product.","fields":[{"name":"event_id","type":{"type":"string","logicalType":"uuid"},"doc":"Identity of this event, made by the client; a retry carries the same one."},{"name":"user_id","type":"string","doc":"The person who acted; the key of the record, so that one person''s events keep their order.","confluent:tags":["PII"]},{"name":"action","type":{"type":"enum","name":"Action","namespace":"com.example.activity","doc":"What a person can do; a reader takes a symbol that it does not know as unknown.","symbols":["unknown","page_view","click","search","add_to_cart","purchase","login","logout","share"],"default":"unknown"},"default":"unknown","doc":"What the person did."},{"name":"page_url","type":"string","doc":"The page on which it happened: an absolute path, or a URL.","aliases":["page"]},{"name":"occurred_at","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When it happened, by the client''s clock."},{"name":"session_id","type":["null","string"],"default":null,"doc":"The visit to which the event belongs; null from clients that keep none."},{"name":"device","type":["null",{"type":"record","name":"Device","namespace":"com.example.activity","doc":"What the person held in hand.","fields":[{"name":"os","type":"string","doc":"Operating system, such as ios, android or windows."},{"name":"model","type":["null","string"],"default":null,"doc":"Model as the device names itself; null where it does not tell."},{"name":"app_version","type":"string","doc":"Version of the app that sent the event."},{"name":"advertising_id","type":["null","string"],"default":null,"doc":"The platform''s advertising identifier; null without consent.","confluent:tags":["PII"]}]}],"default":null,"doc":"The device, where the client knows it."},{"name":"properties","type":{"type":"map","values":"string"},"default":{},"doc":"Whatever else the client wants to tell, by name."}]}'
);

CREATE TABLE `activity_count` (
  `bucket` STRING NOT NULL,
  `source_topic` STRING NOT NULL,
  `source_partition` INT NOT NULL,
  `window_start` TIMESTAMP(3) NOT NULL,
  `action` STRING NOT NULL,
  `count` BIGINT NOT NULL,
  `next_offset` BIGINT NOT NULL
) WITH (
  'connector' = 'kafka',
  'topic' = 'activity_count',
  'properties.bootstrap.servers' = 'kafka:9092',
  'properties.security.protocol' = 'SSL',
  'key.format' = 'raw',
  'key.fields' = 'bucket',
  'value.format' = 'avro-confluent',
  'value.avro-confluent.url' = 'http://registry:8081',
  'value.avro-confluent.subject' = 'activity_count-value',
  'value.avro-confluent.schema' = '{"type":"record","name":"ActivityCount","namespace":"com.example.activity","doc":"How often one action was seen within one minute, in one partition of the source topic. The total of a minute is the sum over the partitions.","fields":[{"name":"bucket","type":"string","doc":"Identity of this count and key of the record: source topic, partition, window start and action, as topic/partition|minute|action. A later record with the same bucket replaces the earlier one."},{"name":"source_topic","type":"string","doc":"The topic whose records are counted."},{"name":"source_partition","type":"int","doc":"The partition of the source topic whose records are counted."},{"name":"window_start","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"Start of the minute, by the time at which the events happened; the minute ends before the next one starts."},{"name":"action","type":"string","doc":"The action that was counted, as its symbol in the source contract."},{"name":"count","type":"long","doc":"Events of this action in this minute and partition so far."},{"name":"next_offset","type":"long","doc":"Records of the source partition before this offset are included in the count; whoever continues it skips them, so that no event counts twice."}]}',
  'value.fields-include' = 'ALL',
  'sink.delivery-guarantee' = 'exactly-once',
  'sink.transactional-id-prefix' = 'user_action-flink-events.clean',
  'properties.transaction.timeout.ms' = '900000'
);

INSERT INTO `activity_count`
SELECT
  CONCAT('events.clean/', CAST(`source_partition` AS STRING), '|', DATE_FORMAT(`window_start`, 'yyyy-MM-dd''T''HH:mm''Z'''), '|', `action`) AS `bucket`,
  'events.clean' AS `source_topic`,
  `source_partition` AS `source_partition`,
  `window_start` AS `window_start`,
  `action` AS `action`,
  COUNT(*) AS `count`,
  MAX(`source_offset`) + 1 AS `next_offset`
FROM TABLE(TUMBLE(TABLE `user_action`, DESCRIPTOR(`occurred_at`), INTERVAL '1' MINUTE))
GROUP BY `source_partition`, `action`, `window_start`, `window_end`;
