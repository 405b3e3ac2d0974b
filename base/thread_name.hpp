// Owns: what a thread is called in `top -H`, in a debugger and in bench/.
#pragma once

namespace muster {

/// Names the calling thread; the kernel keeps 15 characters.
void name_thread(const char* name);

}  // namespace muster
