CREATE TABLE `activity_count` (
  `bucket` STRING NOT NULL,
  `source_topic` STRING NOT NULL,
  `source_partition` INT NOT NULL,
  `window_start` TIMESTAMP(3) NOT NULL,
  `action` STRING NOT NULL,
  `count` BIGINT NOT NULL,
  `next_offset` BIGINT NOT NULL,
  `source_partition_` INT NOT NULL METADATA FROM 'partition' VIRTUAL,
  `source_offset` BIGINT NOT NULL METADATA FROM 'offset' VIRTUAL,
  WATERMARK FOR `window_start` AS `window_start` - INTERVAL '90' SECOND(2)
) WITH (
  'connector' = 'kafka',
  'topic' = 't.clean',
  'properties.bootstrap.servers' = 'kafka:9092',
  'properties.security.protocol' = 'SSL',
  'properties.group.id' = 'g',
  'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset',
  'value.format' = 'avro-confluent',
  'value.avro-confluent.url' = 'http://registry:8081',
  'value.avro-confluent.subject' = 'activity_count-value',
  'value.avro-confluent.schema' = '{"type":"record","name":"ActivityCount","namespace":"com.example.activity","doc":"How often one action was seen within one minute, in one partition of the source topic. The total of a minute is the sum over the partitions.","fields":[{"name":"bucket","type":"string","doc":"Identity of this count and key of the record: source topic, partition, window start and action, as topic/partition|minute|action. A later record with the same bucket replaces the earlier one."},{"name":"source_topic","type":"string","doc":"The topic whose records are counted."},{"name":"source_partition","type":"int","doc":"The partition of the source topic whose records are counted."},{"name":"window_start","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"Start of the minute, by the time at which the events happened; the minute ends before the next one starts."},{"name":"action","type":"string","doc":"The action that was counted, as its symbol in the source contract."},{"name":"count","type":"long","doc":"Events of this action in this minute and partition so far."},{"name":"next_offset","type":"long","doc":"Records of the source partition before this offset are included in the count; whoever continues it skips them, so that no event counts twice."}]}'
)
