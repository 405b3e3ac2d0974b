// Owns: where the protobuf library says what it finds wrong with a message. Leaves to who parses: refusing the message.
#pragma once

namespace muster::wire {

/// Into the log, as `protobuf.said` at debug level: without this the library writes lines of its own to standard error, as many as
/// a peer likes. Call it once, before any message is parsed.
void log_what_protobuf_says();

}  // namespace muster::wire
