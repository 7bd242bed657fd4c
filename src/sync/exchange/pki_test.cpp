#include "sync/exchange/pki.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <vector>

using namespace euromesh;
using namespace euromesh::sync;
namespace fs = std::filesystem;

namespace {

struct Folder {
    explicit Folder(const char* name)
        : path(fs::temp_directory_path() / fmt::format("em-pki-{}-{}", name, ::getpid())) {
        fs::remove_all(path);
    }
    ~Folder() { fs::remove_all(path); }
    fs::path path;
};

SiteId site(const char* name) {
    return SiteId::parse(name, "site").value();
}
RunId run(const char* name) {
    return RunId::parse(name, "run").value();
}
const std::vector<SiteId> two_sites = {site("jupiter"), site("leonardo")};

std::string refusal(const Folder& folder, const char* of_run, const char* of_site, const Clock& clock,
                    Code code) {
    const auto loaded = pki_load(folder.path, run(of_run), site(of_site), clock);
    REQUIRE(!loaded);
    CHECK(loaded.error().code == code);
    CHECK(loaded.error().message.find('\n') == std::string::npos);
    CHECK(loaded.error().message.find("PRIVATE") == std::string::npos);
    return loaded.error().message;
}

bool has(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("what pki_init writes, pki_load takes, and keys are for the owner only") {
    const Folder folder("make");
    const ManualClock clock;
    REQUIRE(pki_init(folder.path, run("run-1"), two_sites, clock));
    for (const SiteId& one : two_sites) CHECK(pki_load(folder.path, run("run-1"), one, clock));
    for (const char* key : {"ca.key", "jupiter.key", "leonardo.key"}) {
        CHECK(fs::status(folder.path / key).permissions() ==
              (fs::perms::owner_read | fs::perms::owner_write));
    }
    const auto count = std::distance(fs::directory_iterator(folder.path), fs::directory_iterator());
    CHECK(count == 6);
}

TEST_CASE("nothing is overwritten unless asked for") {
    const Folder folder("overwrite");
    const ManualClock clock;
    REQUIRE(pki_init(folder.path, run("run-1"), two_sites, clock));
    const auto before = pki_load(folder.path, run("run-1"), site("jupiter"), clock)->certificate;
    fs::remove(folder.path / "ca.pem");
    fs::remove(folder.path / "ca.key");
    const Status again = pki_init(folder.path, run("run-1"), two_sites, clock);
    REQUIRE(!again);
    CHECK(again.error().code == Code::conflict);
    CHECK(has(again.error().message, "jupiter.pem"));
    CHECK(!fs::exists(folder.path / "ca.pem"));
    PkiOptions options;
    options.overwrite = true;
    REQUIRE(pki_init(folder.path, run("run-1"), two_sites, clock, options));
    CHECK(pki_load(folder.path, run("run-1"), site("jupiter"), clock)->certificate != before);
}

TEST_CASE("each thing that is wrong with keys is told apart") {
    const Folder folder("wrong"), other("other");
    ManualClock clock;
    REQUIRE(pki_init(folder.path, run("run-1"), two_sites, clock));
    REQUIRE(pki_init(other.path, run("run-1"), two_sites, clock));
    CHECK(has(refusal(folder, "run-2", "jupiter", clock, Code::refused),
              "made for run 'run-1', expected 'run-2'"));
    CHECK(has(refusal(folder, "run-1", "mn5", clock, Code::not_found), "mn5.pem"));
    const auto replace = fs::copy_options::overwrite_existing;
    SUBCASE("another site's files under this name") {
        fs::copy(folder.path / "leonardo.pem", folder.path / "jupiter.pem", replace);
        CHECK(has(refusal(folder, "run-1", "jupiter", clock, Code::refused), "made for site 'leonardo'"));
    }
    SUBCASE("another key") {
        fs::copy(folder.path / "leonardo.key", folder.path / "jupiter.key", replace);
        CHECK(has(refusal(folder, "run-1", "jupiter", clock, Code::bad_input), "not the key of"));
    }
    SUBCASE("another authority") {
        fs::copy(other.path / "ca.pem", folder.path / "ca.pem", replace);
        CHECK(has(refusal(folder, "run-1", "jupiter", clock, Code::refused), "not signed by the authority"));
    }
    SUBCASE("a truncated certificate") {
        fs::resize_file(folder.path / "jupiter.pem", 100);
        CHECK(has(refusal(folder, "run-1", "jupiter", clock, Code::bad_input), "not a certificate"));
    }
    SUBCASE("ten years and a day later") {
        clock.advance(std::chrono::hours(24 * 3653));
        CHECK(has(refusal(folder, "run-1", "jupiter", clock, Code::refused), "has expired on 2035"));
    }
    SUBCASE("a clock that is a day behind") {
        const ManualClock behind;
        ManualClock ahead;
        ahead.advance(std::chrono::hours(24));
        const Folder fresh("fresh");
        REQUIRE(pki_init(fresh.path, run("run-1"), two_sites, ahead));
        CHECK(has(refusal(fresh, "run-1", "jupiter", behind, Code::refused), "valid from"));
    }
}

TEST_CASE("site lists that cannot be are refused before anything is written") {
    const Folder folder("names");
    const ManualClock clock;
    const std::vector<SiteId> twice = {site("a"), site("a")};
    const std::vector<SiteId> authority = {site("ca")};
    CHECK(pki_init(folder.path, run("r"), twice, clock).error().code == Code::bad_input);
    CHECK(pki_init(folder.path, run("r"), authority, clock).error().code == Code::bad_input);
    CHECK(pki_init(folder.path, run("r"), {}, clock).error().code == Code::bad_input);
    CHECK(!fs::exists(folder.path));
}
