// How a site starts a program inside a container image: from image, program and folders to the arguments of
// the site's own runtime.
//
// Why arguments only: a container is then an ordinary program of an ordinary job, whatever batch system runs
// it, and nothing of it needs a daemon or a right beyond a user's. Runtimes: Charliecloud (`ch-run`, user
// namespaces; tried here with 0.31) and Apptainer (`apptainer exec`, 1.x; its arguments by its manual, not
// tried). What a program sees is the same under both: its own folder as /mnt, which is where it begins (every
// distribution's image has that folder), an empty /tmp, no home, and what the site mounts in addition. Its
// environment is that of the job.
//
// Charliecloud's images are unpacked: mounted as they are, the mount is served by a process of ch-run that
// the job's SIGTERM ends too, and with it goes the image under a program that wants to leave in order.
//
// Pure; no thread rule. It does not: find or check images (image_store.hpp).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace euromesh::federation {

struct ContainerMount {
    std::string from;  // at the site, a whole path
    std::string to;    // inside, a whole path that the image has; writable as far as the user may write
    bool operator==(const ContainerMount&) const = default;
};

struct ContainerCommand {
    std::string image;  // a whole path: a file of image_suffix(), or a folder that it was unpacked into
    std::string work;   // the job's folder at the site; a whole path
    std::vector<ContainerMount> mounts{};
    std::vector<std::string> options{};  // of the site, for every job: "--nv"
    std::string executable;              // inside
    std::vector<std::string> arguments{};
};

inline constexpr std::string_view container_work = "/mnt";

bool is_container_runtime(std::string_view name);
// What the runtime calls an image file: ".sqfs", ".sif". Programmer error: no such runtime.
std::string_view image_suffix(std::string_view runtime);
// It starts folders that images were unpacked into.
bool needs_unpacked(std::string_view runtime);
// [0] is the runtime's program. bad_input: a path that it cannot be told.
Result<std::vector<std::string>> container_arguments(std::string_view runtime,
                                                     const ContainerCommand& command);
// "/scratch/corpora:/srv". bad_input: says what would be right.
Result<ContainerMount> parse_container_mount(std::string_view text);

}  // namespace euromesh::federation
