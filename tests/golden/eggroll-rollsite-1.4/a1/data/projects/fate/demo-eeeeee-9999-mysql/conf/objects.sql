-- fatecloud cluster=demo-eeeeee owner=9999 service=mysql
-- Databases that services need, each with an account. Safe to run again.

-- eggroll_meta, for 9999/clustermanager@a1
CREATE DATABASE IF NOT EXISTS `eggroll_meta` CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS 'eggroll'@'%' IDENTIFIED BY @@fatecloud:9999.mysql.eggroll_meta:sql@@;
ALTER USER 'eggroll'@'%' IDENTIFIED BY @@fatecloud:9999.mysql.eggroll_meta:sql@@;
GRANT SELECT, INSERT, UPDATE, DELETE ON `eggroll\_meta`.* TO 'eggroll'@'%';
USE `eggroll_meta`;
CREATE TABLE IF NOT EXISTS `store_locator` (
  `store_locator_id` SERIAL PRIMARY KEY,
  `store_type` VARCHAR(255) NOT NULL,
  `namespace` VARCHAR(2000) NOT NULL DEFAULT 'DEFAULT',
  `name` VARCHAR(2000) NOT NULL,
  `path` VARCHAR(2000) NOT NULL DEFAULT '',
  `total_partitions` INT UNSIGNED NOT NULL,
  `partitioner` VARCHAR(2000) NOT NULL DEFAULT 'BYTESTRING_HASH',
  `serdes` VARCHAR(2000) NOT NULL DEFAULT '',
  `version` INT UNSIGNED NOT NULL DEFAULT 0,
  `status` VARCHAR(255) NOT NULL,
  `created_at` DATETIME DEFAULT CURRENT_TIMESTAMP,
  `updated_at` DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  UNIQUE INDEX `idx_u_store_locator_ns_n` (`namespace`(120), `name`(640)),
  INDEX `idx_store_locator_st` (`store_type`(255)),
  INDEX `idx_store_locator_ns` (`namespace`(767)),
  INDEX `idx_store_locator_n` (`name`(767)),
  INDEX `idx_store_locator_s` (`status`(255)),
  INDEX `idx_store_locator_v` (`version`)
) DEFAULT CHARACTER SET latin1 COLLATE latin1_swedish_ci;
CREATE TABLE IF NOT EXISTS `store_option` (
  `store_option_id` SERIAL PRIMARY KEY,
  `store_locator_id` BIGINT UNSIGNED NOT NULL,
  `name` VARCHAR(255) NOT NULL,
  `data` VARCHAR(2000) NOT NULL DEFAULT '',
  `created_at` DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  `updated_at` DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  INDEX `idx_store_option_si` (`store_locator_id`)
) DEFAULT CHARACTER SET latin1 COLLATE latin1_swedish_ci;
CREATE TABLE IF NOT EXISTS `store_partition` (
  `store_partition_id` SERIAL PRIMARY KEY,
  `store_locator_id` BIGINT UNSIGNED NOT NULL,
  `node_id` BIGINT UNSIGNED NOT NULL,
  `partition_id` INT UNSIGNED NOT NULL,
  `status` VARCHAR(255) NOT NULL,
  `created_at` DATETIME DEFAULT CURRENT_TIMESTAMP,
  `updated_at` DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  UNIQUE INDEX `idx_u_store_partition_si_spi_ni` (`store_locator_id`, `store_partition_id`, `node_id`),
  INDEX `idx_store_partition_sli` (`store_locator_id`),
  INDEX `idx_store_partition_ni` (`node_id`),
  INDEX `idx_store_partition_s` (`status`(255))
) DEFAULT CHARACTER SET latin1 COLLATE latin1_swedish_ci;
CREATE TABLE IF NOT EXISTS `server_node` (
  `server_node_id` SERIAL PRIMARY KEY,
  `name` VARCHAR(2000) NOT NULL DEFAULT '',
  `server_cluster_id` BIGINT UNSIGNED NOT NULL DEFAULT 0,
  `host` VARCHAR(1000) NOT NULL,
  `port` INT NOT NULL,
  `node_type` VARCHAR(255) NOT NULL,
  `status` VARCHAR(255) NOT NULL,
  `last_heartbeat_at` DATETIME DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP,
  `created_at` DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  `updated_at` DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  INDEX `idx_server_node_h_p_nt` (`host`(600), `port`, `node_type`(100)),
  INDEX `idx_server_node_h` (`host`(767)),
  INDEX `idx_server_node_sci` (`server_cluster_id`),
  INDEX `idx_server_node_nt` (`node_type`(255)),
  INDEX `idx_server_node_s` (`status`(255))
) DEFAULT CHARACTER SET latin1 COLLATE latin1_swedish_ci;
CREATE TABLE IF NOT EXISTS `session_main` (
  `session_id` VARCHAR(767) PRIMARY KEY,
  `name` VARCHAR(2000) NOT NULL DEFAULT '',
  `status` VARCHAR(255) NOT NULL,
  `tag` VARCHAR(255),
  `total_proc_count` INT,
  `active_proc_count` INT,
  `created_at` DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  `updated_at` DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  INDEX `idx_session_main_s` (`status`)
) DEFAULT CHARACTER SET latin1 COLLATE latin1_swedish_ci;
CREATE TABLE IF NOT EXISTS `session_option` (
  `session_option_id` SERIAL PRIMARY KEY,
  `session_id` VARCHAR(2000),
  `name` VARCHAR(255) NOT NULL,
  `data` VARCHAR(2000) NOT NULL DEFAULT '',
  `created_at` DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  `updated_at` DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  INDEX `idx_session_option_si` (`session_id`(767))
) DEFAULT CHARACTER SET latin1 COLLATE latin1_swedish_ci;
CREATE TABLE IF NOT EXISTS `session_processor` (
  `processor_id` SERIAL PRIMARY KEY,
  `session_id` VARCHAR(767),
  `server_node_id` INT NOT NULL,
  `processor_type` VARCHAR(255) NOT NULL,
  `status` VARCHAR(255),
  `tag` VARCHAR(255),
  `command_endpoint` VARCHAR(255),
  `transfer_endpoint` VARCHAR(255),
  `processor_option` VARCHAR(512),
  `pid` INT NOT NULL DEFAULT -1,
  `created_at` DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  `updated_at` DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  INDEX `idx_session_processor_si` (`session_id`(767))
) DEFAULT CHARACTER SET latin1 COLLATE latin1_swedish_ci;
UPDATE `server_node` SET `status` = 'LOSS', `last_heartbeat_at` = NULL WHERE `node_type` = 'NODE_MANAGER' AND `status` <> 'LOSS' AND NOT (`host` = '127.0.0.1' AND `port` = 4671);
UPDATE `server_node` SET `status` = 'HEALTHY', `last_heartbeat_at` = NULL WHERE `node_type` = 'NODE_MANAGER' AND `host` = '127.0.0.1' AND `port` = 4671;
INSERT INTO `server_node` (`name`, `host`, `port`, `node_type`, `status`) SELECT '127.0.0.1', '127.0.0.1', 4671, 'NODE_MANAGER', 'HEALTHY' FROM DUAL
  WHERE NOT EXISTS (SELECT 1 FROM `server_node` WHERE `node_type` = 'NODE_MANAGER' AND `host` = '127.0.0.1' AND `port` = 4671);

-- fate_flow, for 9999/board@a1
CREATE DATABASE IF NOT EXISTS `fate_flow` CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS 'board'@'%' IDENTIFIED BY @@fatecloud:9999.mysql.board:sql@@;
ALTER USER 'board'@'%' IDENTIFIED BY @@fatecloud:9999.mysql.board:sql@@;
GRANT SELECT ON `fate\_flow`.* TO 'board'@'%';

-- fate_flow, for 9999/flow@a1
CREATE DATABASE IF NOT EXISTS `fate_flow` CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS 'fate'@'%' IDENTIFIED BY @@fatecloud:9999.mysql.fate_flow:sql@@;
ALTER USER 'fate'@'%' IDENTIFIED BY @@fatecloud:9999.mysql.fate_flow:sql@@;
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES ON `fate\_flow`.* TO 'fate'@'%';
