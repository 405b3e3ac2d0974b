// Owns: starting libsodium once. Leaves to crypto.hpp, random.hpp and secret.hpp: what it is used for.
#pragma once

namespace muster {

/// Must have run before any other call of libsodium; cheap to call again, from any thread.
void start_sodium();

}  // namespace muster
