#include "wire/protobuf_log.hpp"

#include "base/log.hpp"

#include <google/protobuf/stubs/logging.h>

#include <string>

namespace muster::wire {

namespace {

void say(
    google::protobuf::LogLevel /*level*/, const char* file, int line, const std::string& text
) {
    log(LogLevel::debug, "protobuf.said", {{"what", text}, {"file", file}, {"line", line}});
}

}  // namespace

void log_what_protobuf_says() {
    google::protobuf::SetLogHandler(&say);
}

}  // namespace muster::wire
