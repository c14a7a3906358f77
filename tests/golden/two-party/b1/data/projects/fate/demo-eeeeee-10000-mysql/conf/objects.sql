-- fatecloud cluster=demo-eeeeee owner=10000 service=mysql
-- Databases that services need, each with an account. Safe to run again.

-- fate_flow, for 10000/flow@b1
CREATE DATABASE IF NOT EXISTS `fate_flow` CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS 'fate'@'%' IDENTIFIED BY @@fatecloud:10000.mysql.fate_flow:sql@@;
ALTER USER 'fate'@'%' IDENTIFIED BY @@fatecloud:10000.mysql.fate_flow:sql@@;
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, REFERENCES ON `fate\_flow`.* TO 'fate'@'%';
