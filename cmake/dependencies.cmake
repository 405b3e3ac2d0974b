# The libraries, all Debian packages (script/bootstrap installs them). Targets to link:
#   Boost::headers Boost::json Boost::url   OpenSSL::SSL OpenSSL::Crypto   protobuf::libprotobuf-lite
#   yaml-cpp fmt::fmt CLI11::CLI11          PkgConfig::zstd PkgConfig::sodium PkgConfig::re2
#   date::date-tz SQLite::SQLite3 CURL::libcurl netsnmp   GTest::gtest GTest::gmock benchmark::benchmark
set(Boost_NO_WARN_NEW_VERSIONS ON)
find_package(Boost 1.81 REQUIRED COMPONENTS headers json url)
find_package(OpenSSL 3 REQUIRED)
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(CURL REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(date REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)

find_path(TL_EXPECTED_INCLUDE tl/expected.hpp REQUIRED)

find_path(NETSNMP_INCLUDE net-snmp/net-snmp-config.h REQUIRED)
find_library(NETSNMP_LIBRARY netsnmp REQUIRED)
add_library(netsnmp INTERFACE IMPORTED)
target_include_directories(netsnmp SYSTEM INTERFACE "${NETSNMP_INCLUDE}")
target_link_libraries(netsnmp INTERFACE "${NETSNMP_LIBRARY}")
