# libtorch as a system library: Debian's by default, any newer one by -DTorch_DIR=.
find_package(Torch REQUIRED)
add_library(em_torch INTERFACE)
target_include_directories(em_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
target_link_libraries(em_torch INTERFACE ${TORCH_LIBRARIES})
