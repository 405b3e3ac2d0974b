# muster_precompile(<target> <library header>…): the standard library and what almost every unit includes, parsed once a
# target. Of our own headers base/result.hpp alone goes in (it declares tl::expected before its header does): the others
# change. `check_headers` sees that no header lives on it.
function(muster_precompile target)
    target_precompile_headers(${target} PRIVATE
        <algorithm> <array> <chrono> <cstdint> <deque> <functional> <map> <memory> <optional> <set> <span> <sstream>
        <string> <string_view> <utility> <variant> <vector> "${CMAKE_SOURCE_DIR}/base/result.hpp" ${ARGN})
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
        # ccache compares contents; without this it would find nothing.
        target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    endif()
endfunction()
