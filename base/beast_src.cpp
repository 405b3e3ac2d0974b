// Owns: the compiled half of Beast. Nothing else belongs here.
#include <boost/beast/src.hpp>
