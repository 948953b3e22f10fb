"""Past one machine: contracts as tables of Apache Flink, and the counts as a job on them."""
