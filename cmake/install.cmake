include(CMakePackageConfigHelpers)

set(nodalroom_config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/nodalroom")

install(TARGETS nodalroom EXPORT nodalroomTargets
  RUNTIME COMPONENT nodalroom_runtime
  LIBRARY COMPONENT nodalroom_runtime NAMELINK_COMPONENT nodalroom_development
  ARCHIVE COMPONENT nodalroom_development
  FILE_SET HEADERS COMPONENT nodalroom_development)
install(EXPORT nodalroomTargets NAMESPACE nodalroom:: DESTINATION "${nodalroom_config_dir}"
  COMPONENT nodalroom_development)

get_target_property(nodalroom_type nodalroom TYPE)
if(nodalroom_type STREQUAL "STATIC_LIBRARY")
  set(nodalroom_is_static ON)
else()
  set(nodalroom_is_static OFF)
endif()
set(nodalroom_uses_highs OFF)
if(HiGHS_FOUND)
  set(nodalroom_uses_highs ON)
endif()
configure_package_config_file(cmake/nodalroomConfig.cmake.in
  "${CMAKE_CURRENT_BINARY_DIR}/nodalroomConfig.cmake"
  INSTALL_DESTINATION "${nodalroom_config_dir}"
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/nodalroomConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${CMAKE_CURRENT_BINARY_DIR}/nodalroomConfig.cmake"
  "${CMAKE_CURRENT_BINARY_DIR}/nodalroomConfigVersion.cmake"
  cmake/FindKLU.cmake
  cmake/FindHiGHS.cmake
  DESTINATION "${nodalroom_config_dir}" COMPONENT nodalroom_development)
install(FILES LICENSE THIRD_PARTY_NOTICES.md DESTINATION "${CMAKE_INSTALL_DOCDIR}"
  COMPONENT nodalroom_development)
