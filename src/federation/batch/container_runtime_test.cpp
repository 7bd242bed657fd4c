#include "federation/batch/container_runtime.hpp"

#include <doctest/doctest.h>

namespace euromesh::federation {
namespace {

using Words = std::vector<std::string>;

ContainerCommand hello() {
    return {.image = "/images/1.sqfs",
            .work = "/scratch/c1",
            .mounts = {{"/scratch/corpora", "/srv"}},
            .options = {"--site"},
            .executable = "echo",
            .arguments = {"a b", "--help"}};
}

TEST_CASE("Charliecloud: image, folder, the site's mounts and options, then the program alone") {
    const auto words = container_arguments("charliecloud", hello());
    REQUIRE(words);
    CHECK(*words == Words{"ch-run", "--private-tmp", "--bind=/scratch/c1:/mnt",
                          "--bind=/scratch/corpora:/srv", "--cd=/mnt", "--site", "/images/1.sqfs", "--",
                          "echo", "a b", "--help"});
    CHECK(image_suffix("charliecloud") == ".sqfs");
    CHECK(needs_unpacked("charliecloud"));
}

TEST_CASE("Apptainer: the same wishes in its words") {
    const auto words = container_arguments("apptainer", hello());
    REQUIRE(words);
    CHECK(*words == Words{"apptainer", "exec", "--contain", "--no-home", "--bind=/scratch/c1:/mnt",
                          "--bind=/scratch/corpora:/srv", "--pwd=/mnt", "--site", "/images/1.sqfs", "echo",
                          "a b", "--help"});
    CHECK(image_suffix("apptainer") == ".sif");
    CHECK_FALSE(needs_unpacked("apptainer"));
}

TEST_CASE("what a runtime would read otherwise than it was meant is refused") {
    CHECK_FALSE(is_container_runtime("docker"));
    CHECK(container_arguments("docker", hello()).error().message.find("docker") != std::string::npos);
    for (const char* path : {"relative", "/a:b", "/a,b", "", "--writable"}) {
        ContainerCommand command = hello();
        command.image = path;
        CHECK(container_arguments("charliecloud", command).error().code == Code::bad_input);
        command = hello();
        command.work = path;
        CHECK(container_arguments("apptainer", command).error().code == Code::bad_input);
    }
}

TEST_CASE("mounts of the site's file") {
    CHECK(parse_container_mount("/scratch:/srv").value() == ContainerMount{"/scratch", "/srv"});
    for (const char* text : {"", "/a", "a:/b", "/a:b", "/a:/b:ro", "/a:/b,/c:/d", "/a:/mnt"})
        CHECK(parse_container_mount(text).error().code == Code::bad_input);
}

}  // namespace
}  // namespace euromesh::federation
