-- fatecloud cluster=demo-eeeeee owner=9999 service=mysql
-- The schema and the account of flow. Safe to run again.
CREATE DATABASE IF NOT EXISTS `fate_flow` CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS 'fate'@'%' IDENTIFIED BY @@fatecloud:9999.mysql.flow:sql@@;
ALTER USER 'fate'@'%' IDENTIFIED BY @@fatecloud:9999.mysql.flow:sql@@;
GRANT ALL PRIVILEGES ON `fate\_flow`.* TO 'fate'@'%';
