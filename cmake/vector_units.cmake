# What is built runs on every CPU of its architecture: wider vectors only in files whose name says so
# (*_avx2.cpp, *_avx512.cpp, *_neon.cpp), reached through the dispatch at run time. Takes the files of other
# architectures out of the list named and gives the others their instructions. A source's properties hold
# in the directory that sets them: call it where the target is made.
function(nodalroom_vector_unit_sources list_name)
  set(sources ${${list_name}})
  set(is_x86 FALSE)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set(is_x86 TRUE)
  else()
    list(FILTER sources EXCLUDE REGEX "_(avx2|avx512)\\.cpp$")
  endif()
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64|ARM64")
    list(FILTER sources EXCLUDE REGEX "_neon\\.cpp$")
  endif()
  if(is_x86)
    foreach(source IN LISTS sources)
      if(source MATCHES "_avx512\\.cpp$")
        set_source_files_properties(${source} PROPERTIES
          COMPILE_OPTIONS "-mavx512f;-mavx512dq;-mavx512vl;-mavx2;-mfma;-mprefer-vector-width=512")
      elseif(source MATCHES "_avx2\\.cpp$")
        set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma")
      endif()
    endforeach()
  endif()
  set(${list_name} ${sources} PARENT_SCOPE)
endfunction()
