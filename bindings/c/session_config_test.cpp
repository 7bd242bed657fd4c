#include "bindings/c/session_config.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "base/os/process.hpp"
#include "base/os/system_clock.hpp"

namespace euromesh::c {
namespace {

const os::SystemClock test_clock;

constexpr const char* good = R"({"run": "line", "site": "b",
  "sites": [{"name": "a", "address": "127.0.0.1:4001"}, {"name": "b", "address": "127.0.0.1:4002"}],
  "layout": [{"name": "w", "shape": [3, 4]}, {"name": "v", "shape": [5]}],
  "outer": {"kind": "mean", "codec": "int4", "learning_rate": 1, "inner_steps": 7},
  "rounds": {"wait": "quorum", "quorum": 2, "most": 9, "grace_least_ms": 20}, "start_limit_s": 3})";

std::string complaint(std::string text, const std::string& part, const std::string& other) {
    const std::size_t at = text.find(part);
    REQUIRE(at != std::string::npos);
    text.replace(at, part.size(), other);
    const auto read = read_config(text, test_clock);
    return read ? "" : read.error().message;
}

}  // namespace

TEST_CASE("a configuration is a session's; what is not said is as in session.hpp") {
    const auto read = read_config(good, test_clock);
    REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message));
    const sync::SessionConfig& config = read->session;
    CHECK(config.self == 1);
    CHECK(config.sites[0].endpoint.port == 4001);
    CHECK(contract::value_count(config.layout) == 17);
    CHECK(config.outer.kind == sync::OuterKind::mean);
    CHECK(config.codec == "int4");
    CHECK(config.schedule.inner_steps == 7);
    CHECK(config.schedule.first_inner_steps == 7);
    CHECK(config.rounds == 9);
    REQUIRE(config.grace.has_value());
    CHECK(config.grace->least == std::chrono::milliseconds(20));
    CHECK(config.start_limit == std::chrono::seconds(3));
    CHECK(config.leave_limit == sync::SessionConfig{}.leave_limit);
    CHECK_FALSE(config.tls.has_value());
    CHECK_FALSE(read->resume.has_value());
}

TEST_CASE("each mistake is one line that names the key") {
    CHECK(complaint(good, "\"run\": \"line\"", "\"runs\": 1").find("run") != std::string::npos);
    CHECK(complaint(good, "start_limit_s", "start_limit") == "configuration: unknown key 'start_limit'");
    CHECK(complaint(good, "\"site\": \"b\"", "\"site\": \"c\"").find("'c', which is not in 'sites'") !=
          std::string::npos);
    CHECK(complaint(good, "\"quorum\": 2", "\"quorum\": 0") ==
          "configuration: rounds: 'quorum' is 0; use 1 to 64");
    CHECK(complaint(good, "\"shape\": [5]", "\"shape\": [0]").find("a shape of 'v' is not possible") !=
          std::string::npos);
    CHECK(complaint(good, "[3, 4]", "[1099511627776, 1099511627776]").find("a shape of 'w'") !=
          std::string::npos);
    CHECK(complaint(good, "\"mean\"", "\"median\"").find("outer optimiser 'median'") != std::string::npos);
    CHECK(complaint(good, "\"wait\": \"quorum\"", "\"wait\": \"some\"").find("use all or quorum") !=
          std::string::npos);
    CHECK(complaint(good, "{\"run\"", "[\"run\"") != "");
    CHECK_FALSE(read_config("[]", test_clock).has_value());
    CHECK_FALSE(read_config("{}", test_clock).has_value());
}

TEST_CASE("a state is kept and read back; another file is refused") {
    const os::Path file =
        std::filesystem::temp_directory_path() / fmt::format("em_c_{}.safetensors", os::own_process_id());
    sync::OuterState state = sync::OuterState::from(std::vector<float>{1, 2, 3});
    state.momentum = {4, 5, 6};
    const sync::Position position{7, std::string(64, 'a'), 1234};
    REQUIRE(save_state(file, state, position));
    const auto loaded = load_state(file, 3);
    REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().message));
    CHECK(loaded->state == state);
    CHECK(loaded->position == position);
    CHECK_FALSE(load_state(file, 4).has_value());
    std::string bytes = os::read_file(file, 1 << 20).value();
    bytes[bytes.size() - 1] = static_cast<char>(bytes[bytes.size() - 1] ^ 1);
    REQUIRE(os::write_file_atomically(file, bytes));
    CHECK(load_state(file, 3).error().message.find("do not have the digest") != std::string::npos);
    std::filesystem::remove(file);
    CHECK_FALSE(load_state(file, 3).has_value());
}

}  // namespace euromesh::c
