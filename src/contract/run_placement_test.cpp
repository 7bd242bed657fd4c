#include "contract/run_placement.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/os/file.hpp"

namespace euromesh::contract {
namespace {

constexpr const char* run_file =
    "[run]\nname = 'mine'\n[rounds]\nquorum = 3\n"
    "[[site]]\nname = 'a'\ntext = 'a.txt'\nheldout = '/data/h.txt'\naddress = 'h:1'\n"
    "[[site]]\nname = 'b'\ntext = 'b.txt'\nheldout = 'bh.txt'\n"
    "[[site]]\nname = 'c'\ntext = 'c.txt'\nheldout = 'ch.txt'\n";

RunPlacement placement() {
    RunPlacement made;
    made.run = "j17";
    made.self = "c";
    made.sites = {{"c", "direct", "", ""}, {"a", "hub", "hub.example:4000", ""}};
    made.quorum = 2;
    made.folder = "/scratch/j17";
    made.data = "/data";
    made.progress_file = "/scratch/j17/progress.json";
    return made;
}

TEST_CASE("only the chosen sites remain, in the order of the run file, each by its own way") {
    const auto spec = placed_run_spec(run_file, placement());
    REQUIRE_MESSAGE(spec, spec.error().message);
    CHECK(spec->name.text() == "j17");
    CHECK(spec->title == "mine");
    REQUIRE(spec->sites.size() == 2);
    CHECK(spec->sites[0].id.text() == "a");
    CHECK(spec->sites[1].id.text() == "c");
    CHECK(spec->sites[0].exchange == "hub");
    CHECK(spec->sites[0].address.empty());
    CHECK(spec->exchange.hub == "hub.example:4000");
    CHECK(spec->sites[1].text == "/data/c.txt");
    CHECK(spec->sites[0].heldout == "/data/h.txt");
    CHECK(spec->pki == "/scratch/j17/pki");
    CHECK(spec->rounds.quorum == 2);
    CHECK(spec->placed->starting_members == 2);
}

TEST_CASE("a placed run goes on by majority, whatever its file says of a smaller quorum") {
    const auto quorum_of = [](const std::string& asked, std::size_t sites) {
        std::string file = run_file;
        file.replace(file.find("quorum = 3"), 10, "quorum = " + asked);
        RunPlacement made = placement();
        made.sites.push_back({"b", "hub", "hub.example:4000", ""});
        made.sites.resize(sites);
        return placed_run_spec(file, made).value().rounds.quorum;
    };
    CHECK(quorum_of("1", 3) == 2);
    CHECK(quorum_of("3", 3) == 3);
    CHECK(quorum_of("1", 2) == 2);
    CHECK(quorum_of("1", 1) == 1);
}

TEST_CASE("written and read again it is the same; anything else is refused with its place") {
    const auto again = parse_run_placement(to_json(placement()).dump());
    REQUIRE_MESSAGE(again, again.error().message);
    CHECK(*again == placement());
    for (const char* text : {"", "{}", "[]", R"({"run":"j1","self":"a","folder":"/x","strange":1})",
                             R"({"run":"../x","self":"a","folder":"/x"})",
                             R"({"version":2,"run":"j1","self":"a","folder":"/x"})"})
        CHECK(!parse_run_placement(text));
}

TEST_CASE("a placement that does not fit the run file, or lacks a way, is told in words") {
    const auto error = [](const RunPlacement& wrong) {
        const auto spec = placed_run_spec(run_file, wrong);
        return spec ? std::string() : spec.error().message;
    };
    RunPlacement wrong = placement();
    wrong.sites[0].site = "z";
    CHECK(error(wrong).find("no site 'z' in run mine") != std::string::npos);
    wrong = placement();
    wrong.self = "b";
    CHECK(error(wrong).find("no site 'b'") != std::string::npos);
    wrong = placement();
    wrong.sites[1].hub.clear();
    CHECK(error(wrong).find("[exchange] hub") != std::string::npos);
    wrong = placement();
    wrong.sites[1].exchange = "spool";
    CHECK(error(wrong).find("site c has none") != std::string::npos);
    wrong.spool = "/spool";
    CHECK(error(wrong).empty());
}

TEST_CASE("addresses of peers survive the file, and a strange file is refused") {
    const std::filesystem::path file =
        std::filesystem::temp_directory_path() / ("em_peers_" + std::to_string(::getpid()));
    REQUIRE(os::write_file_atomically(file, peers_json({{"a", "h:1"}, {"b", "[::1]:2"}}).dump()));
    const auto peers = read_peers(file);
    REQUIRE(peers);
    CHECK(peers->at("b") == "[::1]:2");
    for (const char* text : {"[]", R"({"a":1})", R"({"../a":"h:1"})", "{"}) {
        REQUIRE(os::write_file_atomically(file, text));
        CHECK(!read_peers(file));
    }
    std::filesystem::remove(file);
    CHECK(read_peers(file).error().code == Code::not_found);
}

}  // namespace
}  // namespace euromesh::contract
