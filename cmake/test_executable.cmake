include(GoogleTest)

# muster_test_executable(<folder> LIBRARIES <library>… [SERIAL] [TIMEOUT <seconds>]): tests/<folder>/*.cpp as
# `tests_<folder>`, each test of it a ctest with the folder's name as label. Suites named Slow* carry the label `slow`.
# Libraries that do not exist in this build are left out.
function(muster_test_executable folder)
    cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "TIMEOUT" "LIBRARIES")
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp")
    if(NOT sources)
        return()
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 60)
    endif()
    if(SANITIZE)
        math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 3")  # such programs take several times as long
    endif()
    set(target "tests_${folder}")
    add_executable(${target} ${sources})
    foreach(library IN LISTS arg_LIBRARIES)
        if(TARGET ${library})
            target_link_libraries(${target} PRIVATE ${library})
        endif()
    endforeach()
    target_link_libraries(${target} PRIVATE GTest::gtest GTest::gmock GTest::gtest_main)
    target_compile_definitions(${target} PRIVATE
        MUSTER_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
        MUSTER_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
    muster_precompile(${target} <gmock/gmock.h> <gtest/gtest.h>)
    set(common DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 WORKING_DIRECTORY "${CMAKE_BINARY_DIR}")
    set(properties TIMEOUT ${arg_TIMEOUT})
    if(arg_SERIAL)
        list(APPEND properties RUN_SERIAL TRUE)
    endif()
    gtest_discover_tests(${target} ${common} TEST_FILTER "-Slow*" PROPERTIES LABELS ${folder} ${properties})
    gtest_discover_tests(${target} ${common} TEST_FILTER "Slow*" PROPERTIES LABELS slow ${properties})
endfunction()
