# muster_embed_sql(<target> <namespace> <folder>…): <folder>/migrations/NNNN_name.sql of the current directory, compiled
# into the target as `std::span<const Migration> <namespace>::<folder>_migrations()`, in order of their numbers.
# The functions are declared by hand (collector/migrations.hpp). Folders without migrations are left out.
function(muster_embed_sql target namespace)
    foreach(folder IN LISTS ARGN)
        file(GLOB migrations CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/migrations/*.sql")
        if(NOT migrations)
            continue()
        endif()
        list(SORT migrations)
        set(generated "${CMAKE_BINARY_DIR}/gen/${target}/${folder}_migrations.cpp")
        add_custom_command(
            OUTPUT "${generated}"
            COMMAND "${CMAKE_COMMAND}" "-DOUTPUT=${generated}" "-DNAMESPACE=${namespace}" "-DFOLDER=${folder}"
                "-DHEADER=collector/migrations.hpp" "-DMIGRATIONS=${migrations}"
                -P "${CMAKE_SOURCE_DIR}/cmake/embed_sql_script.cmake"
            DEPENDS ${migrations} "${CMAKE_SOURCE_DIR}/cmake/embed_sql_script.cmake"
            COMMENT "embedding ${folder}/migrations"
            VERBATIM)
        target_sources(${target} PRIVATE "${generated}")
    endforeach()
endfunction()
