#include "bindings/c/euromesh_sync.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "base/os/file.hpp"
#include "base/os/process.hpp"
#include "base/os/socket.hpp"
#include "base/result.hpp"

namespace euromesh {
namespace {

struct Folder {
    Folder()
        : path(std::filesystem::temp_directory_path() / fmt::format("em_cabi_{}", os::own_process_id())) {
        std::filesystem::remove_all(path);
        std::filesystem::create_directories(path);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    os::Path path;
};

std::vector<int> free_ports(std::size_t count) {
    std::vector<os::Socket> taken;
    std::vector<int> ports;
    for (std::size_t i = 0; i < count; ++i) {
        taken.push_back(os::Socket::listen({"127.0.0.1", 0}, {}).value());
        ports.push_back(taken.back().local_port());
    }
    return ports;
}

std::string config_of(int site, const std::vector<int>& ports, const std::string& more = "") {
    std::string sites;
    for (std::size_t i = 0; i < ports.size(); ++i) {
        sites +=
            fmt::format(R"({}{{"name": "s{}", "address": "127.0.0.1:{}"}})", i == 0 ? "" : ", ", i, ports[i]);
    }
    return fmt::format(R"({{"run": "line", "site": "s{}", "sites": [{}],
        "layout": [{{"name": "w", "shape": [2]}}], "start_limit_s": 30,
        "outer": {{"codec": "fp32", "inner_steps": 20, "learning_rate": 0.7, "momentum": 0.6}},
        "rounds": {{"most": 60}}{}}})",
                       site, sites, more);
}

em_sync* opened(const std::string& config) {
    em_sync* sync = nullptr;
    char error[256] = "";
    const int code = em_sync_open(config.c_str(), &sync, error, sizeof error);
    REQUIRE_MESSAGE(code == EM_SYNC_OK, error);
    return sync;
}

}  // namespace

TEST_CASE("the codes are those of the program") {
    CHECK(exit_status(Code::bad_input) == EM_SYNC_BAD_INPUT);
    CHECK(exit_status(Code::not_found) == EM_SYNC_NOT_FOUND);
    CHECK(exit_status(Code::conflict) == EM_SYNC_CONFLICT);
    CHECK(exit_status(Code::refused) == EM_SYNC_REFUSED);
    CHECK(exit_status(Code::unavailable) == EM_SYNC_UNAVAILABLE);
    CHECK(exit_status(Code::no_space) == EM_SYNC_NO_SPACE);
    CHECK(exit_status(Code::corrupted) == EM_SYNC_CORRUPTED);
    CHECK(exit_status(Code::cancelled) == EM_SYNC_CANCELLED);
    CHECK(exit_status(Code::internal) == EM_SYNC_INTERNAL);
    CHECK(em_sync_abi() == EM_SYNC_ABI);
}

TEST_CASE("the C example: two processes find the line of both, and agree to the last bit") {
    const Folder folder;
    const std::vector<int> ports = free_ports(2);
    std::vector<std::string> outputs(2);
    std::vector<int> statuses(2, -1);
    os::Children children;
    for (int site = 0; site < 2; ++site) {
        const os::Path config = folder.path / fmt::format("s{}.json", site);
        REQUIRE(os::write_file_atomically(config, config_of(site, ports)));
        REQUIRE(children.start({EXAMPLE_C_REGRESSION, config.string(), std::to_string(site),
                                (folder.path / fmt::format("s{}.state", site)).string()},
                               folder.path / fmt::format("s{}.err", site)));
    }
    while (children.any_left()) {
        for (const os::ChildEvent& event : children.poll(std::chrono::milliseconds(200))) {
            outputs[event.child] += event.line;
            if (event.exit_status) statuses[event.child] = *event.exit_status;
        }
    }
    for (std::size_t site = 0; site < 2; ++site) {
        CHECK(statuses[site] == 0);
        CHECK(outputs[site] == outputs[0]);
        CHECK_MESSAGE(outputs[site].starts_with("y = 2.0"), outputs[site]);
    }
    CHECK(os::read_file(folder.path / "s0.state", 1 << 20).value() ==
          os::read_file(folder.path / "s1.state", 1 << 20).value());
}

TEST_CASE("one site alone: save, and go on from there") {
    const Folder folder;
    const std::string file = (folder.path / "state").string();
    float w[2] = {1, 2};
    em_sync_round at{};
    at.size = sizeof at;
    em_sync* sync = opened(config_of(0, free_ports(1)));
    REQUIRE(em_sync_start(sync, w, 2, &at) == EM_SYNC_OK);
    CHECK(at.round == 0);
    CHECK(at.inner_steps == 20);
    w[0] -= 0.5f;
    REQUIRE(em_sync_contribute(sync, w, 2, 10, 1) == EM_SYNC_OK);
    REQUIRE(em_sync_merge(sync, 0, w, 2, &at) == EM_SYNC_OK);
    CHECK(at.round == 1);
    CHECK(at.contributed == 1);
    CHECK(w[1] == 2);
    CHECK(w[0] < 0.6f);  // the first Nesterov step overshoots: 0.7 * 1.6 times the way
    float outer[2];
    REQUIRE(em_sync_outer(sync, outer, 2) == EM_SYNC_OK);
    CHECK(outer[0] == w[0]);
    REQUIRE(em_sync_save(sync, file.c_str()) == EM_SYNC_OK);
    const std::string digest = at.digest;
    CHECK(digest.size() == 32);
    CHECK(em_sync_leave(sync) == EM_SYNC_OK);
    CHECK(em_sync_leave(sync) == EM_SYNC_CONFLICT);
    em_sync_close(sync);

    sync = opened(config_of(0, free_ports(1), fmt::format(R"(, "resume": "{}")", file)));
    float again[2] = {9, 9};
    REQUIRE(em_sync_start(sync, again, 2, &at) == EM_SYNC_OK);
    CHECK(at.round == 1);
    CHECK(again[0] == outer[0]);
    CHECK(std::string(at.digest) == digest);
    em_sync_close(sync);
}

TEST_CASE("misuse is told, never a crash") {
    em_sync* sync = nullptr;
    char error[8] = "";
    CHECK(em_sync_open("{", &sync, error, sizeof error) == EM_SYNC_BAD_INPUT);
    CHECK(sync == nullptr);
    CHECK(std::string(error).size() == 7);
    CHECK(em_sync_open(nullptr, &sync, nullptr, 0) == EM_SYNC_BAD_INPUT);
    CHECK(em_sync_start(nullptr, nullptr, 0, nullptr) == EM_SYNC_BAD_INPUT);
    em_sync_close(nullptr);
    em_sync_cancel(nullptr);

    sync = opened(config_of(0, free_ports(1)));
    float w[2] = {1, 2};
    CHECK(em_sync_contribute(sync, w, 2, 1, 1) == EM_SYNC_CONFLICT);
    CHECK(std::string(em_sync_error(sync)) == "em_sync_start() comes first");
    CHECK(em_sync_start(sync, w, 3, nullptr) == EM_SYNC_BAD_INPUT);
    CHECK(std::string(em_sync_error(sync)) == "3 values; the layout has 2");
    REQUIRE(em_sync_start(sync, w, 2, nullptr) == EM_SYNC_OK);
    CHECK(em_sync_start(sync, w, 2, nullptr) == EM_SYNC_CONFLICT);
    CHECK(em_sync_merge(sync, 0, w, 2, nullptr) == EM_SYNC_CONFLICT);
    CHECK(em_sync_contribute(sync, w, 2, 0, 1) == EM_SYNC_BAD_INPUT);
    w[0] = std::numeric_limits<float>::infinity();
    CHECK(em_sync_contribute(sync, w, 2, 1, 1) == EM_SYNC_BAD_INPUT);
    w[0] = 1;
    REQUIRE(em_sync_contribute(sync, w, 2, 1, 1) == EM_SYNC_OK);
    CHECK(em_sync_contribute(sync, w, 2, 1, 1) == EM_SYNC_CONFLICT);
    CHECK(em_sync_merge(sync, 2, w, 2, nullptr) == EM_SYNC_BAD_INPUT);
    int ready = 0;
    while (ready == 0 && em_sync_poll(sync, &ready, nullptr) == EM_SYNC_OK) {
    }
    CHECK(ready == 1);
    em_sync_round old{};
    old.size = 2 * sizeof(std::uint64_t);  // as a program knows it that is older than `inner_steps`
    REQUIRE(em_sync_merge(sync, 0, w, 2, &old) == EM_SYNC_OK);
    CHECK(old.round == 1);
    CHECK(old.inner_steps == 0);
    em_sync_cancel(sync);
    REQUIRE(em_sync_contribute(sync, w, 2, 1, 1) == EM_SYNC_CANCELLED);
    em_sync_close(sync);
}

}  // namespace euromesh
