#include "federation/http/request_reader.hpp"

#include <doctest/doctest.h>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/random.hpp"

namespace euromesh::federation {
namespace {

using Step = RequestReader::Step;

struct Reading {
    Step step = Step::more;
    int status = 0;
    RequestHead head{};
    std::string body{};
    std::size_t used = 0;
};

// As a connection does it, with pieces of the given size arriving one after another.
Reading read(const std::string& bytes, std::size_t piece, std::uint64_t body_limit = 1000) {
    RequestReader reader(2000);
    Reading reading;
    std::size_t begin = 0, end = 0;
    while (reading.step != Step::done && reading.step != Step::wrong) {
        std::size_t used = 0;
        reading.step = reader.feed(std::string_view(bytes).substr(begin, end - begin), used);
        begin += used;
        if (reading.step == Step::head) {
            reader.set_body_limit(body_limit);
            continue;
        }
        if (reading.step == Step::more && end == bytes.size()) break;
        end = std::min(bytes.size(), end + piece);
    }
    if (reading.step == Step::wrong) reading.status = reader.problem().status;
    reading.head = reader.head();
    reading.body = reader.take_body();
    reading.used = begin;
    return reading;
}

int status_of(const std::string& bytes) {
    const Reading whole = read(bytes, bytes.size() + 1);
    const Reading slow = read(bytes, 1);
    CHECK(whole.step == slow.step);
    CHECK(whole.status == slow.status);
    return whole.step == Step::done ? 200 : whole.status;
}

const std::string host = "Host: a\r\n";

TEST_CASE("a request is read in pieces of any size") {
    const std::string bytes =
        "POST /v1/jobs?x=1 HTTP/1.1\r\nHost: a\r\nX-Odd:  b c \t\r\nContent-Length: 5\r\n\r\nhello" +
        std::string("GET");
    for (const std::size_t piece : {1u, 2u, 7u, 1000u}) {
        const Reading reading = read(bytes, piece);
        REQUIRE(reading.step == Step::done);
        CHECK(reading.head.method == "POST");
        CHECK(reading.head.target == "/v1/jobs?x=1");
        CHECK(*reading.head.header("x-odd") == "b c");
        CHECK(reading.body == "hello");
        CHECK(reading.used == bytes.size() - 3);
        CHECK(reading.head.keeps_alive);
    }
}

TEST_CASE("chunks are put together, extensions and trailers read over") {
    const std::string bytes = "POST / HTTP/1.1\r\n" + host +
                              "Transfer-Encoding: Chunked\r\n\r\n"
                              "5\r\nhello\r\n6;a=b;c\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n";
    for (const std::size_t piece : {1u, 3u, 1000u}) {
        const Reading reading = read(bytes, piece);
        REQUIRE(reading.step == Step::done);
        CHECK(reading.body == "hello world");
        CHECK(reading.used == bytes.size());
    }
}

TEST_CASE("what could be read in two ways is refused") {
    const std::string post = "POST / HTTP/1.1\r\n" + host;
    const std::string body = "\r\n0\r\n\r\n";
    CHECK(status_of(post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" + body) == 400);
    CHECK(status_of(post + "Content-Length: 5\r\nContent-Length: 5\r\n" + body) == 400);
    CHECK(status_of(post + "Content-Length: 5, 5\r\n" + body) == 400);
    CHECK(status_of(post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" + body) == 400);
    for (const char* const coding :
         {"gzip", "gzip, chunked", "chunked, gzip", "xchunked", "\"chunked\"", "identity"}) {
        CHECK(status_of(post + "Transfer-Encoding: " + coding + "\r\n" + body) == 501);
    }
    for (const char* const length : {"", "+5", "-5", "0x5", "5 5", "5;", "99999999999999999999"}) {
        CHECK(status_of(post + "Content-Length: " + length + "\r\n" + body) == 400);
    }
    for (const char* const line :
         {"Transfer-Encoding : chunked", " Transfer-Encoding: chunked", "\tA: b", "A", ": a", "A b: c",
          "Host: b", "A: b\rc", "A: b\nC: d", "A: \x01", "A: \xff", "X: \x7f"}) {
        CHECK(status_of(post + line + "\r\n" + body) == 400);
    }
    CHECK(status_of(post + std::string("A: b\0c\r\n", 8) + body) == 400);
    CHECK(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n" + body) == 400);
    CHECK(status_of("GET / HTTP/1.1\nHost: a\n\n" + std::string(3000, ' ')) == 431);
    CHECK(status_of("GET / HTTP/1.1\r\nA: b\r\n\r\n") == 400);
}

TEST_CASE("request lines that are none are refused") {
    for (const char* const line :
         {"GET /  HTTP/1.1", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET /", "GET",
          "G\x01T / HTTP/1.1", "GET a HTTP/1.1", "GET /a b HTTP/1.1", "GET /\xc3\xa9 HTTP/1.1",
          "GET /#a HTTP/1.1", "GET\t/ HTTP/1.1", "\x16\x03\x01", "AVERYLONGMETHODNAME / HTTP/1.1"}) {
        CHECK_MESSAGE(status_of(line + std::string("\r\n") + host + "\r\n") == 400, line);
    }
    for (const char* const version : {"HTTP/2.0", "HTTP/1.2", "http/1.1", "HTTP/1.10", "X"}) {
        CHECK(status_of("GET / " + std::string(version) + "\r\n" + host + "\r\n") == 505);
    }
    CHECK(status_of("\r\nGET / HTTP/1.1\r\n" + host + "\r\n") == 400);
    CHECK(status_of("GET http://a/b HTTP/1.1\r\n" + host + "\r\n") == 200);
}

TEST_CASE("chunks that lie are refused") {
    const std::string start = "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n";
    for (const char* const chunks :
         {"5\r\nhelloX\r\n0\r\n\r\n", "x\r\n", "-1\r\n", "5\nhello\r\n", " 5\r\n", "\r\n",
          "ffffffffffffffff\r\n", "5 5\r\n", "0\r\nbad trailer\r\n\r\n", "0\r\n A: b\r\n\r\n",
          "5\r\r\nhello\r\n", "0x5\r\n", "1;\x01\r\na\r\n"}) {
        CHECK_MESSAGE(status_of(start + chunks) == 400, chunks);
    }
    CHECK(status_of(start + "1;" + std::string(300, 'a')) == 400);
    std::string trailers;
    for (int i = 0; i < 500; ++i) trailers += "A: 0123456789\r\n";
    CHECK(status_of(start + "0\r\n" + trailers + "\r\n") == 431);
    for (const char* name :
         {"Transfer-Encoding: chunked", "content-length: 3", "Connection: close", "Host: b"})
        CHECK(status_of(start + "0\r\n" + name + "\r\n\r\n") == 400);
}

TEST_CASE("limits hold for heads and bodies of both kinds") {
    CHECK(status_of("GET / HTTP/1.1\r\n" + host + "A: " + std::string(3000, 'a')) == 431);
    CHECK(status_of("GET /" + std::string(1990, 'a') + " HTTP/1.1\r\n") == 431);
    std::string many = "GET / HTTP/1.1\r\n" + host;
    for (int i = 0; i < 101; ++i) many += "A:b\r\n";
    CHECK(status_of(many + "\r\n") == 431);
    CHECK(status_of("POST / HTTP/1.1\r\n" + host + "Content-Length: 1001\r\n\r\n") == 413);
    CHECK(status_of("POST / HTTP/1.1\r\n" + host + "Content-Length: 1000\r\n\r\n" + std::string(1000, 'x')) ==
          200);
    CHECK(status_of("POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n") == 413);
    CHECK(read("POST / HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhel", 99).step == Step::more);
}

TEST_CASE("keep-alive follows version and header, and only one expectation is known") {
    const auto keeps = [](const std::string& version, const std::string& header) {
        return read("GET / HTTP/" + version + "\r\nHost: a\r\n" + header + "\r\n", 999).head.keeps_alive;
    };
    CHECK(keeps("1.1", ""));
    CHECK_FALSE(keeps("1.1", "Connection: Close\r\n"));
    CHECK_FALSE(keeps("1.1", "Connection: x, close\r\n"));
    CHECK_FALSE(keeps("1.0", ""));
    CHECK(keeps("1.0", "Connection: keep-alive\r\n"));
    CHECK(read("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n", 999).head.expects_continue);
    CHECK(status_of("GET / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n") == 417);
}

TEST_CASE("a reader is as new after a reset") {
    RequestReader reader(1000);
    std::size_t used = 0;
    CHECK(reader.feed("nonsense\r\n\r\n", used) == Step::wrong);
    reader.reset();
    CHECK(reader.feed("GET / HTTP/1.1\r\nHost: a\r\n\r\n", used) == Step::head);
    CHECK(reader.feed("", used) == Step::done);
}

// The second opinion: what we accept, Boost.Beast reads as the same request, and ends it at the same byte.
void check_against_beast(const std::string& bytes) {
    const Reading ours = read(bytes, bytes.size() + 1);
    if (ours.step != Step::done) return;
    namespace http = boost::beast::http;
    http::request_parser<http::string_body> theirs;
    theirs.eager(true);
    boost::system::error_code error;
    std::size_t used = 0;
    while (!error && !theirs.is_done() && used < bytes.size()) {
        const std::size_t taken =
            theirs.put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), error);
        if (taken == 0 && !error) break;
        used += taken;
    }
    REQUIRE_MESSAGE(!error, error.message(), ": ", bytes);
    REQUIRE_MESSAGE(theirs.is_done(), bytes);
    CHECK(used == ours.used);
    CHECK(theirs.get().body() == ours.body);
    CHECK(theirs.keep_alive() == ours.head.keeps_alive);
    CHECK(std::string(theirs.get().method_string()) == ours.head.method);
    CHECK(std::distance(theirs.get().begin(), theirs.get().end()) ==
          static_cast<long>(ours.head.headers.size()));
}

TEST_CASE("what is accepted, an independent reader understands in the same way") {
    const std::string seeds[] = {
        "POST /v1/jobs?x=1 HTTP/1.1\r\nHost: a\r\nX-Odd: b c\r\nContent-Length: 5\r\n\r\nhelloGET / "
        "HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
        "chunked\r\n\r\n5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\nGET",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"};
    const std::string pieces[] = {"\r\n",
                                  "\n",
                                  "\r",
                                  " ",
                                  "\t",
                                  ":",
                                  ";",
                                  "0",
                                  "5",
                                  "a",
                                  ",",
                                  "chunked",
                                  "Content-Length: 3\r\n",
                                  "Transfer-Encoding: chunked\r\n",
                                  "\xff",
                                  std::string(1, '\0')};
    Random random(11);
    for (int round = 0; round < 20000; ++round) {
        std::string bytes = seeds[random.below(std::size(seeds))];
        for (std::uint64_t edits = random.below(3) + 1; edits > 0; --edits) {
            const std::size_t at = random.below(bytes.size());
            bytes.replace(at, random.below(3), pieces[random.below(std::size(pieces))]);
        }
        check_against_beast(bytes);
    }
    for (const std::string& seed : seeds) check_against_beast(seed);
}

}  // namespace
}  // namespace euromesh::federation
