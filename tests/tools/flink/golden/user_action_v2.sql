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
  WATERMARK FOR `occurred_at` AS `occurred_at` - INTERVAL '90' SECOND(2)
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
  'value.avro-confluent.subject' = 'events-value',
  'value.avro-confluent.schema' = '{"type":"record","name":"UserAction","namespace":"com.example.activity","doc":"One thing that one person did in the product.","fields":[{"name":"event_id","type":{"type":"string","logicalType":"uuid"},"doc":"Identity of this event, made by the client; a retry carries the same one."},{"name":"user_id","type":"string","doc":"The person who acted; the key of the record, so that one person''s events keep their order.","confluent:tags":["PII"]},{"name":"action","type":{"type":"enum","name":"Action","namespace":"com.example.activity","doc":"What a person can do; a reader takes a symbol that it does not know as unknown.","symbols":["unknown","page_view","click","search","add_to_cart","purchase","login","logout","share"],"default":"unknown"},"default":"unknown","doc":"What the person did."},{"name":"page_url","type":"string","doc":"The page on which it happened: an absolute path, or a URL.","aliases":["page"]},{"name":"occurred_at","type":{"type":"long","logicalType":"timestamp-millis"},"doc":"When it happened, by the client''s clock."},{"name":"session_id","type":["null","string"],"default":null,"doc":"The visit to which the event belongs; null from clients that keep none."},{"name":"device","type":["null",{"type":"record","name":"Device","namespace":"com.example.activity","doc":"What the person held in hand.","fields":[{"name":"os","type":"string","doc":"Operating system, such as ios, android or windows."},{"name":"model","type":["null","string"],"default":null,"doc":"Model as the device names itself; null where it does not tell."},{"name":"app_version","type":"string","doc":"Version of the app that sent the event."},{"name":"advertising_id","type":["null","string"],"default":null,"doc":"The platform''s advertising identifier; null without consent.","confluent:tags":["PII"]}]}],"default":null,"doc":"The device, where the client knows it."},{"name":"properties","type":{"type":"map","values":"string"},"default":{},"doc":"Whatever else the client wants to tell, by name."}]}'
)
