// Owns: the compiled half of Asio and Asio's TLS. Nothing else belongs here.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
