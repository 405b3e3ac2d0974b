// Owns: how many of a process's descriptors may be sockets of others. Leaves to the listeners: closing what is too many.
#pragma once

#include <cstddef>

namespace muster::wire {

/// Below the process's limit by a reserve of 64, at most half of it: databases, files and our own calls need descriptors too, and
/// a stranger who opens connections must not stop them.
std::size_t descriptors_for_sockets();

/// Whether an accepted socket may stay. The kernel gives the lowest free number, so its number says how many are taken.
bool leaves_reserve(int descriptor);
/// Whether it may at least take the place of another socket, which is on its way out: half of the reserve is never touched.
bool leaves_half_reserve(int descriptor);

}  // namespace muster::wire
