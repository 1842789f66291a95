# Installs the build into an empty prefix, builds the consumer and the example against that prefix alone and runs them.
cmake_policy(VERSION 3.25)
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ECHO STDOUT RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "exit status ${result}")
  endif()
endfunction()

set(prefix "${work_dir}/prefix")
file(REMOVE_RECURSE "${work_dir}")
run(${CMAKE_COMMAND} --install "${build_dir}" --config "${build_type}" --prefix "${prefix}")

set(without)
if(shared)
  # What a shared library uses inside must not be asked of its users.
  foreach(package KLU HiGHS OpenMP)
    list(APPEND without -D CMAKE_DISABLE_FIND_PACKAGE_${package}=ON)
  endforeach()
endif()
function(build_against_prefix source build)
  run(${CMAKE_COMMAND} -S "${source}" -B "${build}" -G "${generator}"
    --no-warn-unused-cli
    -D CMAKE_PREFIX_PATH=${prefix}
    -D CMAKE_FIND_USE_PACKAGE_REGISTRY=OFF
    -D CMAKE_CXX_COMPILER=${compiler}
    -D "CMAKE_CXX_FLAGS=${flags}"
    -D CMAKE_BUILD_TYPE=${build_type}
    -D expected_version=${version}
    ${without})
  run(${CMAKE_COMMAND} --build "${build}" --config "${build_type}")
endfunction()
build_against_prefix("${consumer_dir}" "${work_dir}/build")
run("${work_dir}/build/consumer" "${case_file}" ${lp_solver})
build_against_prefix("${example_dir}" "${work_dir}/example")
run("${work_dir}/example/headroom" "${case_file}" 2)
