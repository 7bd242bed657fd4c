# libtorch as a system library: Debian's by default, any newer one by -DTorch_DIR=. Only the library that the
# trainer loads at the first use of a torch device is linked with it (src/trainer/torch_module.hpp).
find_package(Torch REQUIRED)
add_library(euromesh_torch MODULE src/trainer/torch/torch_backend.cpp)
set_target_properties(euromesh_torch PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}
                      CXX_VISIBILITY_PRESET hidden)
target_include_directories(euromesh_torch SYSTEM PRIVATE ${TORCH_INCLUDE_DIRS})
target_link_libraries(euromesh_torch PRIVATE em_trainer ${TORCH_LIBRARIES})
if(EUROMESH_TESTS)
    target_compile_definitions(em_trainer_test PRIVATE EUROMESH_WITH_TORCH)
    add_dependencies(em_trainer_test euromesh_torch)
endif()
