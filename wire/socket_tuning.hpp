// Owns: what the link asks of TCP. Leaves to connection.hpp: the sockets.
#pragma once

namespace muster::wire {

/// For a connected socket of the link. What the system does not have is left out: the link works without, less well.
void tune(int socket);

/// Before the socket connects: the other side is asked for small packets too. Where the system refuses, they are as usual.
void keep_packets_small(int socket);

}  // namespace muster::wire
