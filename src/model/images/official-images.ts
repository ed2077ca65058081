/** Names of Docker Official Images (docker-library/official-images), so that a mistyped short name is refused. */
const NAMES = `adminer aerospike alpine alt amazoncorretto amazonlinux api-firewall arangodb archlinux almalinux bash
bonita buildpack-deps busybox caddy cassandra chronograf cirros clearlinux clefos clojure composer convertigo couchbase
couchdb crate dart debian docker drupal eclipse-mosquitto eclipse-temurin eggdrop elasticsearch elixir emqx erlang
fedora flink fluentd friendica gazebo gcc geonetwork ghost golang gradle groovy haproxy haskell haxe hello-world hitch
httpd hylang ibm-semeru-runtimes ibmjava influxdb irssi jetty joomla jruby julia kapacitor kibana kong krakend
lightstreamer liquibase logstash mageia mariadb matomo maven mediawiki memcached mongo mongo-express monica mysql
nats nats-streaming neo4j neurodebian nextcloud nginx node notary odoo open-liberty openjdk openresty oraclelinux
orientdb percona perl phipg photon php phpmyadmin plone postfixadmin postgres pypy python r-base rabbitmq rakudo-star
redis redmine registry rethinkdb rocket.chat rockylinux ros ruby rust sapmachine satosa scratch silverpeas solr
sonarqube spark spiped storm swift swipl teamspeak telegraf tomcat tomee traefik ubuntu unit valkey varnish vault
websphere-liberty wordpress xwiki yourls znc zookeeper`

const official = new Set(NAMES.split(/\s+/))

export const isOfficialImage = (name: string): boolean => official.has(name)
