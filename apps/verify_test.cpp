// `euromesh-verify` as an auditor calls it: a program of its own, with files and statuses.
#include "apps/test_run.hpp"
#include "federation/ledger/ledgers_for_test.hpp"

namespace euromesh::apps {
namespace {

using federation::encode;
using federation::test_key;
using federation::TestLedger;

Called verify(const TestRun& run, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), EUROMESH_VERIFY);
    os::Children children;
    REQUIRE(children.start(arguments, run.file("stderr.txt")));
    Called called;
    while (children.any_left()) {
        for (const os::ChildEvent& event : children.poll(std::chrono::milliseconds(1000))) {
            if (event.exit_status)
                called.status = *event.exit_status;
            else
                called.out += event.line + "\n";
        }
    }
    called.err = run.read(run.file("stderr.txt"));
    return called;
}

}  // namespace

TEST_CASE("a ledger that holds is told so, with keys, countersignatures and a head from elsewhere") {
    const TestRun run;
    TestLedger ledger;
    run.write("early.head", encode(ledger.head()));
    run.write("ledger.txt", exported(ledger, 3, 20));
    run.write("known.keys", federation::coordinator_key_line(TestLedger::origin, test_key(1).public_key()) +
                                "\n" + federation::site_key_line("a", test_key(10).public_key()) + "\n" +
                                federation::site_key_line("b", test_key(11).public_key()) + "\n");
    const Called bare = verify(run, {run.file("ledger.txt")});
    CHECK(bare.status == 0);
    CHECK(bare.out.find("HOLDS: 44 entries and 3 heads of 'test.example'") == 0);
    const Called full = verify(run, {"--head", run.file("early.head"), run.file("ledger.txt"), "--keys",
                                     run.file("known.keys"), "--needs", "2", "--json"});
    CAPTURE(full.err);
    CHECK(full.status == 0);
    CHECK(parse_json(full.out).value()["trusted_heads_met"] == 1);
    const Called more =
        verify(run, {run.file("ledger.txt"), "--keys", run.file("known.keys"), "--needs", "3"});
    CHECK(more.status == exit_status(Code::corrupted));
    CHECK(more.out.find("of 2 known sites, 3 are needed") != std::string::npos);
}

TEST_CASE("a ledger that differs ends with its own status and the place") {
    const TestRun run;
    TestLedger ledger;
    std::string text = exported(ledger, 3, 20);
    const std::size_t at = text.find("\"job\":\"job-17\"");
    text[at + 8] = 'x';
    run.write("ledger.txt", text);
    const Called called = verify(run, {run.file("ledger.txt"), "--json"});
    CHECK(called.status == exit_status(Code::corrupted));
    const Json first = parse_json(called.out).value()["first_difference"];
    CHECK(first["entry"] == 17);
    const std::size_t byte = first["byte"];
    CHECK(text.compare(byte, 17, ledger.entries[17], 0, 17) == 0);
    CHECK(first["what"].get<std::string>().find("its bytes were changed") != std::string::npos);
}

TEST_CASE("two copies that part are told apart by the entry, and ends with its own status") {
    const TestRun run;
    TestLedger one, two;
    run.write("a", exported(one, 3, 20));
    run.write("b", exported(two, 2, 20));
    const Called same = verify(run, {run.file("a"), "--against", run.file("b")});
    CHECK(same.status == 0);
    CHECK(same.out == "SAME: 24 entries; the first goes on\n");
    TestLedger other;
    other.add("test.noted", {{"job", "another"}});
    run.write("c", exported(other, 1, 0));
    const Called parts = verify(run, {run.file("a"), "--against", run.file("c"), "--json"});
    CHECK(parts.status == exit_status(Code::corrupted));
    CHECK(parse_json(parts.out).value()["first_difference"]["entry"] == 4);
    CHECK(verify(run, {run.file("a"), "--against", run.file("none")}).status == exit_status(Code::not_found));
}

TEST_CASE("what cannot be checked is one line on standard error") {
    const TestRun run;
    TestLedger ledger;
    run.write("ledger.txt", exported(ledger, 1, 0));
    run.write("bad", "no head and no keys\n");
    const auto refused = [&](std::vector<std::string> arguments, Code code) {
        const Called called = verify(run, std::move(arguments));
        CAPTURE(called.err);
        CHECK(called.status == exit_status(code));
        CHECK(called.out.empty());
        CHECK(called.error_lines() == 1);
    };
    refused({}, Code::bad_input);
    refused({run.file("none.txt")}, Code::not_found);
    refused({run.file("ledger.txt"), "--keys", run.file("bad")}, Code::bad_input);
    refused({run.file("ledger.txt"), "--head", run.file("bad")}, Code::bad_input);
    refused({run.file("ledger.txt"), "--needs", "many"}, Code::bad_input);
    CHECK(verify(run, {"--help"}).out.find("--needs") != std::string::npos);
}

// The point of a second program: it shares no hashing or signature code.
TEST_CASE("the program knows libsodium and not OpenSSL") {
    const std::string program = os::read_file(EUROMESH_VERIFY, 256u << 20).value();
    CHECK(program.find("libsodium.so") != std::string::npos);
    CHECK(program.find("libcrypto.so") == std::string::npos);
    CHECK(program.find("libssl.so") == std::string::npos);
}

}  // namespace euromesh::apps
