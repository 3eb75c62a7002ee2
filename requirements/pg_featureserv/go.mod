module peers

go 1.21

require github.com/CrunchyData/pg_featureserv v1.3.1
