# `cmake --install`: programs, units with the paths of this prefix, users and folders of the service, examples, prose.
# With the prefix /usr the configuration is /etc/muster. A configuration that is there is never overwritten.
include(GNUInstallDirs)

foreach(program IN ITEMS muster muster-agent muster-collector muster-probe-worker muster-inventory)
    if(TARGET ${program})
        install(TARGETS ${program} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
    endif()
endforeach()

file(GLOB units CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/systemd/*.service" "${CMAKE_SOURCE_DIR}/systemd/*.socket")
foreach(unit IN LISTS units)
    cmake_path(GET unit FILENAME name)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${unit}")
    # At install time: the prefix may be another than at configure time.
    install(CODE "
        file(READ \"${unit}\" text)
        cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_PREFIX NORMALIZE OUTPUT_VARIABLE prefix)
        string(REPLACE \"/usr/bin/\" \"\${prefix}/${CMAKE_INSTALL_BINDIR}/\" text \"\${text}\")
        string(REPLACE \"/usr/share/doc/muster\" \"\${prefix}/${CMAKE_INSTALL_DOCDIR}\" text \"\${text}\")
        set(to \"\$ENV{DESTDIR}\${prefix}/lib/systemd/system/${name}\")
        message(STATUS \"Installing: \${to}\")
        file(WRITE \"\${to}\" \"\${text}\")
        file(CHMOD \"\${to}\" PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
    ")
endforeach()

install(FILES "${CMAKE_SOURCE_DIR}/systemd/sysusers.conf" DESTINATION lib/sysusers.d RENAME muster.conf)
install(FILES "${CMAKE_SOURCE_DIR}/systemd/tmpfiles.conf" DESTINATION lib/tmpfiles.d RENAME muster.conf)

install(DIRECTORY "${CMAKE_SOURCE_DIR}/config/examples" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
# As in the sources, so that the links of README.md and those between the documents lead to the same places.
install(DIRECTORY "${CMAKE_SOURCE_DIR}/docs" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES "${CMAKE_SOURCE_DIR}/README.md" "${CMAKE_SOURCE_DIR}/README.zh-CN.md" "${CMAKE_SOURCE_DIR}/ARCHITECTURE.md"
    "${CMAKE_SOURCE_DIR}/CHANGELOG.md" "${CMAKE_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(FILES "${CMAKE_SOURCE_DIR}/bench/README.md" DESTINATION "${CMAKE_INSTALL_DOCDIR}/bench")
foreach(name IN ITEMS collector.yaml agent.yaml)
    install(CODE "
        if(EXISTS \"\$ENV{DESTDIR}/etc/muster/${name}\")
            message(STATUS \"Keeping: /etc/muster/${name}\")
        else()
            file(INSTALL \"${CMAKE_SOURCE_DIR}/config/examples/${name}\" DESTINATION /etc/muster)
        endif()
    ")
endforeach()

# Completion of `muster` where bash, zsh and fish look for it: the program knows its verbs.
if(TARGET muster)
    foreach(place IN ITEMS bash:bash-completion/completions/muster zsh:zsh/vendor-completions/_muster fish:fish/vendor_completions.d/muster.fish)
        string(REGEX MATCH "^([a-z]+):(.*)$" found "${place}")
        install(CODE "
            set(to \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/${CMAKE_MATCH_2}\")
            message(STATUS \"Installing: \${to}\")
            cmake_path(GET to PARENT_PATH folder)
            file(MAKE_DIRECTORY \"\${folder}\")
            execute_process(COMMAND \"$<TARGET_FILE:muster>\" completion ${CMAKE_MATCH_1} OUTPUT_FILE \"\${to}\" COMMAND_ERROR_IS_FATAL ANY)
        ")
    endforeach()
endif()
