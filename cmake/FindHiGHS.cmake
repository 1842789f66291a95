# Finds the LP solver HiGHS, as a shared library and for its C interface only. Provides HiGHS::HiGHS, HiGHS_VERSION
# and HiGHS_PREFIX. Looks, in this order,
#   where HIGHS_ROOT points (a variable, or of the environment),
#   for the Python package highsbox in the folders of CMAKE_PREFIX_PATH, where build front ends put site-packages,
#   where CMake looks by itself,
#   for the highsbox of Python_EXECUTABLE,
#   in the prefixes that HiGHS_FALLBACKS lists.
# HiGHS's own CMake config is left alone: it asks for BLAS and zlib as a developer has them, which the C interface
# does not need, and that of highsbox names a folder that is not in it.

# What an earlier run found may have been in an environment that is gone.
foreach(variable IN ITEMS HIGHS_INCLUDE_DIR HIGHS_LIBRARY)
  if(${variable} AND NOT EXISTS "${${variable}}")
    unset(${variable} CACHE)
  endif()
endforeach()

set(_highs_roots ${HIGHS_ROOT} $ENV{HIGHS_ROOT})
foreach(_highs_folder IN LISTS CMAKE_PREFIX_PATH)
  list(APPEND _highs_roots "${_highs_folder}/highsbox/highs_dist")
endforeach()
set(_highs_last_resorts)
# The Python that builds runs here; what is built need not.
if(Python_EXECUTABLE AND NOT CMAKE_CROSSCOMPILING AND NOT HIGHS_INCLUDE_DIR)
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c "import highsbox; print(highsbox.highs_dist_dir(), end='')"
    OUTPUT_VARIABLE _highs_last_resorts ERROR_QUIET)
endif()
list(APPEND _highs_last_resorts ${HiGHS_FALLBACKS})

find_path(HIGHS_INCLUDE_DIR interfaces/highs_c_api.h
  PATHS ${_highs_roots} PATH_SUFFIXES include/highs include NO_DEFAULT_PATH)
find_path(HIGHS_INCLUDE_DIR interfaces/highs_c_api.h
  PATHS ${_highs_last_resorts} PATH_SUFFIXES highs include/highs include)
# The library that lies with the header comes before any other.
string(REGEX REPLACE "/include(/highs)?/?$" "" HiGHS_PREFIX "${HIGHS_INCLUDE_DIR}")
set(_highs_name "${CMAKE_SHARED_LIBRARY_PREFIX}highs${CMAKE_SHARED_LIBRARY_SUFFIX}")
find_library(HIGHS_LIBRARY NAMES ${_highs_name}
  PATHS "${HiGHS_PREFIX}" PATH_SUFFIXES lib lib64 lib/${CMAKE_LIBRARY_ARCHITECTURE} NO_DEFAULT_PATH)
find_library(HIGHS_LIBRARY NAMES ${_highs_name})

set(HiGHS_VERSION)
if(EXISTS "${HIGHS_INCLUDE_DIR}/HConfig.h")
  foreach(_highs_part IN ITEMS MAJOR MINOR PATCH)
    file(STRINGS "${HIGHS_INCLUDE_DIR}/HConfig.h" _highs_line REGEX "define HIGHS_VERSION_${_highs_part} ")
    string(REGEX MATCH "[0-9]+$" _highs_number "${_highs_line}")
    list(APPEND HiGHS_VERSION ${_highs_number})
  endforeach()
  list(JOIN HiGHS_VERSION "." HiGHS_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(HiGHS
  REQUIRED_VARS HIGHS_LIBRARY HIGHS_INCLUDE_DIR
  VERSION_VAR HiGHS_VERSION
  REASON_FAILURE_MESSAGE "HiGHS comes with the Python package highsbox, among others. HIGHS_ROOT says where it is")

if(HiGHS_FOUND AND NOT TARGET HiGHS::HiGHS)
  add_library(HiGHS::HiGHS UNKNOWN IMPORTED)
  set_target_properties(HiGHS::HiGHS PROPERTIES
    IMPORTED_LOCATION "${HIGHS_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${HIGHS_INCLUDE_DIR}")
endif()
mark_as_advanced(HIGHS_INCLUDE_DIR HIGHS_LIBRARY)
