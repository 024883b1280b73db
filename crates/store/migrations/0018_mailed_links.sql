-- Where in its flow a link by e-mail leads, sealed; empty for the flow's beginning.
ALTER TABLE token ADD COLUMN plan TEXT NOT NULL DEFAULT '';
