// A tiny container image, made of a few files of this machine, for tests with the real runtime.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "base/hash.hpp"
#include "base/os/command.hpp"
#include "federation/batch/batch_conformance_for_test.hpp"
#include "federation/batch/containers.hpp"

namespace euromesh::federation {

// clang-format off: it takes the shell for C++
inline constexpr const char* tiny_image_script = R"sh(
set -e
for name in bin dev etc home lib lib64 mnt proc root run srv sys tmp usr var; do mkdir -p "$1/root/$name"; done
for name in sh cat ls sleep; do
    cp -L "$(command -v $name)" "$1/root/bin/$name"
    for library in $(ldd "$1/root/bin/$name" | grep -o '/[^ )]*'); do cp -L --parents "$library" "$1/root"; done
done
for name in hosts resolv.conf passwd group; do : >"$1/root/etc/$name"; done
echo "from inside" >"$1/root/etc/in-image"
mksquashfs "$1/root" "$1/tiny.sqfs" -quiet -no-progress -no-xattrs
rm -r "$1/root"
)sh";
// clang-format on

// False, with a visible word, where Charliecloud is not installed (./test installs it), or this machine
// grants no user namespaces. The image is folder/tiny.sqfs.
inline bool tiny_image_or_skip(const os::Path& folder) {
    const auto run = [](std::vector<std::string> arguments) {
        return os::run_command({.arguments = std::move(arguments),
                                .environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"USER", "test"}}});
    };
    if (!std::filesystem::exists("/usr/bin/ch-run") || !std::filesystem::exists("/usr/bin/mksquashfs")) {
        MESSAGE("skipped: Charliecloud is missing (tools/setup.sh --test)");
        return false;
    }
    const auto allowed = run({"unshare", "--user", "--mount", "true"});
    if (!allowed || allowed->exit_status != 0) {
        MESSAGE("skipped: no user namespaces here");
        return false;
    }
    std::filesystem::create_directories(folder);
    const auto made = run({"sh", "-c", tiny_image_script, "sh", folder.string()});
    REQUIRE(made.has_value());
    REQUIRE_MESSAGE(made->exit_status == 0, made->complaint);
    return true;
}

inline std::string digest_of_image(const os::Path& file) {
    const auto bytes = os::read_file(file, 64u << 20);
    REQUIRE(bytes.has_value());
    return "sha256:" + to_hex(sha256(*bytes));
}

// A job in a container is a job as any other, whatever runs it.
inline void check_container_job(const BatchUnderTest& test) {
    const os::Path folder = test.scratch / "containers";
    if (!tiny_image_or_skip(folder)) return;
    const ContainerSite site{.runtime = "charliecloud",
                             .images = folder / "images",
                             .work = folder / "work",
                             .mounts = {{folder.string(), "/srv"}}};
    ImageStore store(image_store_of(site, folder / "memory.json"));
    const std::string image = store.add(folder / "tiny.sqfs").value();
    Containers containers(site, folder / "memory.json");
    const auto system = opened(test);
    const auto submit = [&](JobStart job) {
        job.executable = "sh";
        const auto within = containers.job_within(image, std::move(job));
        REQUIRE_MESSAGE(within, within.error().message);
        must_submit(*system, *within);
        return within->marker;
    };
    SUBCASE("it sees its image, its folder with its files, what the site mounts, and no more") {
        JobStart job = shell_job(test, "inside",
                                 "cat /etc/in-image given; ls /home /tmp; pwd; echo left >result; "
                                 "[ -e /srv/tiny.sqfs ] && [ ! -e \"$SCRATCH\" ] && exit 3");
        job.files = {{"given", "a file\n"}};
        const std::string marker = submit(job);
        const BatchJob end = wait_for_end(*system, marker);
        CHECK(output_of(*system, marker, JobStream::error) == "");
        CHECK(output_of(*system, marker, JobStream::out) == "from inside\na file\n/home:\n\n/tmp:\n/mnt\n");
        CHECK(end.exit_status == 3);
        const os::Path result = site.work / "jobs" / marker / "result";
        CHECK(text_of(result) == "left\n");
        containers.forget(marker);
        CHECK_FALSE(std::filesystem::exists(result));
    }
    SUBCASE("its warning reaches it, and its image is still there when it leaves in order") {
        JobStart job = shell_job(test, "leaves",
                                 "trap 'sleep 0.05; cat /etc/in-image; exit 75' TERM; while :; do sleep "
                                 "0.02; done");
        job.warn_ms = job.duration_ms - test.shortest_warning_ms;
        const std::string marker = submit(job);
        const BatchJob end = wait_for_end(*system, marker);
        CHECK(end.cause == EndCause::exit);
        CHECK(end.exit_status == 75);
        CHECK(output_of(*system, marker, JobStream::out) == "from inside\n");
    }
}

}  // namespace euromesh::federation
