# muster_protobuf(<target> <file.proto>…): generates C++ (the .proto says LITE_RUNTIME) into <build>/gen, adds it to
# the target without our warnings, and lets its users include "wire/link.pb.h" as a system header.
function(muster_protobuf target)
    set(generated "${CMAKE_BINARY_DIR}/gen")
    file(MAKE_DIRECTORY "${generated}")
    foreach(proto IN LISTS ARGN)
        cmake_path(ABSOLUTE_PATH proto BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" NORMALIZE)
        cmake_path(RELATIVE_PATH proto BASE_DIRECTORY "${CMAKE_SOURCE_DIR}" OUTPUT_VARIABLE name)
        string(REGEX REPLACE "\\.proto$" "" stem "${name}")
        add_custom_command(
            OUTPUT "${generated}/${stem}.pb.cc" "${generated}/${stem}.pb.h"
            COMMAND protobuf::protoc "--proto_path=${CMAKE_SOURCE_DIR}" "--cpp_out=${generated}" "${proto}"
            DEPENDS "${proto}" protobuf::protoc
            COMMENT "protoc ${name}"
            VERBATIM)
        set_source_files_properties("${generated}/${stem}.pb.cc" PROPERTIES COMPILE_OPTIONS "-w")
        target_sources(${target} PRIVATE "${generated}/${stem}.pb.cc" "${generated}/${stem}.pb.h")
        list(APPEND headers "${generated}/${stem}.pb.h")
    endforeach()
    target_include_directories(${target} SYSTEM PUBLIC "${generated}")
    target_link_libraries(${target} PUBLIC protobuf::libprotobuf-lite)
    # Users of the headers in other folders must wait for protoc.
    add_custom_target(${target}_headers DEPENDS ${headers})
    add_dependencies(${target} ${target}_headers)
endfunction()
