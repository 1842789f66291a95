# The solver for linear programs is optional: HiGHS where NODALROOM_HIGHS asks for it or finds it. What
# script/setup puts into .venv is found without being named; it is for the machine that builds.
if(NOT CMAKE_CROSSCOMPILING)
  file(GLOB HiGHS_FALLBACKS "${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/highsbox/highs_dist")
endif()
if(POLICY CMP0144)
  cmake_policy(SET CMP0144 NEW)  # HIGHS_ROOT is meant
endif()
if(NODALROOM_HIGHS STREQUAL "AUTO")
  find_package(HiGHS QUIET)
elseif(NODALROOM_HIGHS)
  find_package(HiGHS QUIET REQUIRED)
endif()
# Folders that what is installed has to look in for HiGHS: none where the loader looks by itself. A folder of the
# source tree counts too, which is why INSTALL_RPATH_USE_LINK_PATH does not do.
set(nodalroom_highs_rpath)
if(HiGHS_FOUND)
  get_filename_component(nodalroom_highs_rpath "${HIGHS_LIBRARY}" DIRECTORY)
  if(nodalroom_highs_rpath IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
    set(nodalroom_highs_rpath)
  endif()
  message(STATUS "HiGHS ${HiGHS_VERSION} found at ${HIGHS_LIBRARY}")
elseif(NODALROOM_HIGHS STREQUAL "AUTO")
  message(STATUS "HiGHS not found: redispatch headroom will be absent")
else()
  message(STATUS "HiGHS not wanted: redispatch headroom will be absent")
endif()

# Leaves in the list named one of the two sources that solve a linear program or say that none can.
function(nodalroom_lp_solver_sources list_name)
  set(other "highs_solver")
  if(HiGHS_FOUND)
    set(other "no_lp_solver")
  endif()
  list(FILTER ${list_name} EXCLUDE REGEX "/numerics/${other}\\.cpp$")
  set(${list_name} ${${list_name}} PARENT_SCOPE)
endfunction()
