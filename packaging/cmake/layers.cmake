# The layers kernels, engine, app and ui. Each is one static library; an include points down only
# because a target sees nothing but its own folder and the public headers of the layer below.

add_library(lapidary_warnings INTERFACE)
target_compile_options(lapidary_warnings INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wconversion;-Wshadow;-Werror>)

# lapidary_layer(NAME): the static library lapidary_NAME of the folder NAME.
function(lapidary_layer name)
    add_library(lapidary_${name} STATIC)
    add_library(Lapidary::${name} ALIAS lapidary_${name})
    target_link_libraries(lapidary_${name} PRIVATE lapidary_warnings)
    target_include_directories(lapidary_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
endfunction()

# lapidary_public(TARGET LAYER HEADER...): headers that others may include as <LAYER/HEADER>. They are
# links in the build folder, so that nothing else of the layer can be reached.
function(lapidary_public target layer)
    set(root ${PROJECT_BINARY_DIR}/public/${target})
    foreach(header IN LISTS ARGN)
        get_filename_component(folder ${root}/${layer}/${header} DIRECTORY)
        file(MAKE_DIRECTORY ${folder})
        file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${layer}/${header} ${root}/${layer}/${header} SYMBOLIC)
    endforeach()
    target_include_directories(${target} PUBLIC ${root})
endfunction()
