// Bad input of every kind, given to the real program: one line that names the place, a non-zero exit, nothing
// left half-written.
#include <sys/mount.h>

#include "apps/test_run.hpp"

namespace euromesh::apps {
namespace {

void check_refused(const Called& called, int status, std::string_view part) {
    CAPTURE(called.err);
    CAPTURE(called.out);
    CHECK(called.status == status);
    CHECK(called.error_lines() == 1);
    CHECK(called.err.rfind("euromesh: ", 0) == 0);
    CHECK(called.err.find(part) != std::string::npos);
}

TEST_CASE("help has an example for each command, and the version is told") {
    const TestRun run;
    for (const char* command : {"train", "generate", "report", "pki", "facts"}) {
        const Called help = run.call({command, "--help"});
        CHECK(help.status == 0);
        if (std::string_view(command) != "pki") CHECK(help.out.find("Example") != std::string::npos);
    }
    CHECK(run.call({"--version"}).out.rfind("euromesh ", 0) == 0);
    CHECK(run.call({}).status == 0);
}

TEST_CASE("wrong usage is one line with status 2") {
    const TestRun run;
    check_refused(run.call({"train", "--nonsense"}), 2, "--nonsense");
    check_refused(run.call({"train"}), 2, "run file");
    check_refused(run.call({"generate", "x"}), 2, "--prompt");
}

TEST_CASE("a run file that is missing or wrong is told with file, line and key") {
    const TestRun run;
    check_refused(run.call({"train", run.file("none.toml").string()}), 3, "none.toml");
    const std::string file = run.file("run.toml").string();
    run.write("run.toml", run.changed("inner_steps = 5", "inner_steps = 0"));
    check_refused(run.call({"train", file}), 2, "run.toml:15: [outer] inner_steps: 0 is out of range");
    run.write("run.toml", run.changed("steps = 40", "steps = 'forty'"));
    check_refused(run.call({"train", file}), 2, "run.toml:3: [run] steps: must be a whole number");
    run.write("run.toml", run.changed("warmup = 5", "warm_up = 5"));
    check_refused(run.call({"train", file}), 2, "did you mean 'warmup'?");
    CHECK(!std::filesystem::exists(run.run_folder()));
}

TEST_CASE("a text that is missing or empty ends the whole run at once, with the site's own words") {
    const TestRun run;
    run.write("b.txt", "");
    check_refused(run.call({"train", run.file("run.toml").string()}), 2, "b.txt");
    std::filesystem::remove(run.file("b.txt"));
    check_refused(run.call({"train", run.file("run.toml").string(), "--fresh"}), 3, "b.txt");
}

TEST_CASE("an unknown site, and a folder that holds another run") {
    const TestRun run;
    const std::string file = run.file("run.toml").string();
    check_refused(run.call({"train", file, "--site", "z"}), 3, "there are: a, b, c");
    run.write("run.toml", TestRun::run_file(1));
    REQUIRE(run.call({"train", file}).status == 0);
    check_refused(run.call({"train", file}), 4, "--resume");
    run.write("run.toml", run.changed("steps = 40", "steps = 45", 1));
    check_refused(run.call({"train", file, "--resume"}), 4, "--fresh");
    CHECK(run.call({"train", file, "--fresh"}).status == 0);
}

TEST_CASE("a checkpoint that is cut short or altered is not used") {
    const TestRun run;
    run.write("run.toml", TestRun::run_file(1));
    REQUIRE(run.call({"train", run.file("run.toml").string()}).status == 0);
    const path site = run.run_folder() / "sites" / "a";
    const std::string name = run.read(site / "latest");
    const path model = site / name.substr(0, name.find('\n')) / "model.safetensors";
    const std::string whole = run.read(model);
    CHECK(run.call({"generate", site.string(), "--prompt", "the"}).status == 0);
    REQUIRE(os::write_file_atomically(model, whole.substr(0, whole.size() / 2)));
    check_refused(run.call({"generate", site.string(), "--prompt", "the"}), 8, "model.safetensors");
    std::string altered = whole;
    altered.back() = static_cast<char>(altered.back() ^ 1);
    REQUIRE(os::write_file_atomically(model, altered));
    check_refused(run.call({"generate", site.string(), "--prompt", "the"}), 8, "model.safetensors");
    check_refused(run.call({"generate", run.file("none").string(), "--prompt", "the"}), 3, "none");
}

TEST_CASE("keys are made once, and replaced only when told") {
    const TestRun run;
    const std::string file = run.file("run.toml").string(), keys = run.file("keys").string();
    CHECK(run.call({"pki", "init", file, "--folder", keys}).status == 0);
    check_refused(run.call({"pki", "init", file, "--folder", keys}), 4, "ca.pem");
    CHECK(run.call({"pki", "init", file, "--folder", keys, "--overwrite"}).status == 0);
    CHECK(run.call({"pki", "init", file}).out.find(".key") != std::string::npos);
}

// A real file system of 64 KiB; only root may mount one.
struct SmallDisk {
    explicit SmallDisk(const path& at) : path_(at) {
        std::filesystem::create_directories(at);
        mounted_ = ::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=64k") == 0;
    }
    ~SmallDisk() {
        if (mounted_) ::umount(path_.c_str());
    }
    path path_;
    bool mounted_ = false;
};

TEST_CASE("a full disk is told, and leaves no half checkpoint") {
    const TestRun run;
    run.write("run.toml", TestRun::run_file(1));
    const SmallDisk disk(run.file("runs"));
    if (!disk.mounted_) {
        MESSAGE("not root: no small file system to fill");
        return;
    }
    const Called called = run.call({"train", run.file("run.toml").string()});
    CAPTURE(called.err);
    CHECK(called.status == 7);
    CHECK(called.err.find("No space left on device") != std::string::npos);
    const path site = run.run_folder() / "sites" / "a";
    CHECK(!std::filesystem::exists(site / "latest"));
    for (const auto& entry : std::filesystem::directory_iterator(site)) {
        CHECK(entry.path().filename().string().find("step-") == std::string::npos);
    }
}

}  // namespace
}  // namespace euromesh::apps
