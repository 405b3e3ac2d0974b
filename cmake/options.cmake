# How every unit is compiled and linked: `muster_options`, linked into each target below the root.
include(CheckPIESupported)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    message(FATAL_ERROR
        "GCC ${CMAKE_CXX_COMPILER_VERSION} destroys temporaries in co_await expressions twice; "
        "use clang 19 (cmake --preset dev) or GCC 13 and later")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_SKIP_RPATH ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LINK_WHAT_YOU_USE OFF)

set(SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=: address,undefined or thread")
option(FUZZ "Build tests/fuzz/*_fuzz.cpp with libFuzzer" OFF)
option(CHECK_HEADERS "Add the test that compiles every header alone" OFF)

check_pie_supported()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(muster_options INTERFACE)
target_include_directories(muster_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(muster_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
    -Wold-style-cast -Wcast-align -Woverloaded-virtual -Wformat=2 -Wimplicit-fallthrough
    -Wextra-semi -Wmissing-declarations
    -Wno-deprecated-declarations  # std::stable_sort of libstdc++ 12 calls what it deprecates itself
    -fstack-protector-strong)
target_link_options(muster_options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(muster_options INTERFACE -fcf-protection)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64")
    target_compile_options(muster_options INTERFACE -mbranch-protection=standard)
endif()

if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_link_options(muster_options INTERFACE -fuse-ld=lld)
    # A page of a program costs memory once one near it is used: what nobody calls is left out, equal functions are one, and
    # relocations are packed (glibc 2.36 reads them).
    set(is_shipped $<NOT:$<CONFIG:Debug>>)
    target_compile_options(muster_options INTERFACE $<${is_shipped}:-ffunction-sections;-fdata-sections>)
    target_link_options(muster_options INTERFACE
        $<${is_shipped}:LINKER:--as-needed,--gc-sections,--icf=safe,-z,pack-relative-relocs>)
endif()

if(FUZZ AND NOT SANITIZE)
    set(SANITIZE "address")
endif()
if(SANITIZE)
    target_compile_options(muster_options INTERFACE
        -fsanitize=${SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    if(SANITIZE MATCHES "undefined")
        # A check at every access costs a third of the build; the address sanitizer stops at a null pointer as well.
        target_compile_options(muster_options INTERFACE -fno-sanitize=null,alignment,object-size,vptr)
    endif()
    target_link_options(muster_options INTERFACE -fsanitize=${SANITIZE})
else()
    # The sanitizers intercept the same functions; the two do not mix. It needs optimisation to work.
    target_compile_options(muster_options INTERFACE
        $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3>)
endif()
if(FUZZ)
    target_compile_options(muster_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

link_libraries(muster_options)

# muster_without_ubsan(<target> <file below the root>…): where the target and the files exist.
function(muster_without_ubsan target)
    if(NOT TARGET ${target} OR NOT SANITIZE MATCHES "undefined")
        return()
    endif()
    foreach(file IN LISTS ARGN)
        if(EXISTS "${CMAKE_SOURCE_DIR}/${file}")
            set_source_files_properties("${CMAKE_SOURCE_DIR}/${file}" TARGET_DIRECTORY ${target}
                PROPERTIES COMPILE_OPTIONS "-fno-sanitize=undefined")
        endif()
    endforeach()
endfunction()
