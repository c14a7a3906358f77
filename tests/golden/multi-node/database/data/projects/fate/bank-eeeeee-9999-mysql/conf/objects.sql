-- fatecloud cluster=bank-eeeeee owner=9999 service=mysql
-- Databases that services need, each with an account. Safe to run again.

-- fate_flow, for 9999/flow@compute
CREATE DATABASE IF NOT EXISTS `fate_flow` CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS 'fate'@'%' IDENTIFIED BY @@fatecloud:9999.mysql.fate_flow:sql@@;
ALTER USER 'fate'@'%' IDENTIFIED BY @@fatecloud:9999.mysql.fate_flow:sql@@;
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES ON `fate\_flow`.* TO 'fate'@'%';
