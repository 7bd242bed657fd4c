#include "federation/ledger/tree_head.hpp"

#include <doctest/doctest.h>

#include "base/base64.hpp"

namespace euromesh::federation {
namespace {

SigningKey key_of(std::uint8_t number) {
    std::array<std::uint8_t, 32> seed{};
    seed[0] = number;
    return SigningKey::from_seed(seed);
}

TreeHead some_head() {
    return TreeHead{"example.org/federation", 1234, leaf_hash("x"), 1763733300123};
}

SignedHead some_signed_head() {
    SignedHead head = sign_head(some_head(), key_of(1));
    for (const auto& [site, number] : {std::pair{"site-b", 3}, {"site-a", 2}}) {
        add_countersignature(
            head, countersign(head.head, site, key_of(static_cast<std::uint8_t>(number)), 1763733301999));
    }
    return head;
}

TEST_CASE("the text that is signed is a checkpoint") {
    CHECK(head_text(some_head()) ==
          "example.org/federation\n1234\n" + to_base64(leaf_hash("x")) + "\ntime_ms 1763733300123\n");
    CHECK(countersigned_text(some_head(), 1763733301) ==
          "cosignature/v1\ntime 1763733301\n" + head_text(some_head()));
}

TEST_CASE("a head says what it was, with sites in the order of their names") {
    const SignedHead head = some_signed_head();
    const std::string text = encode(head);
    CHECK(text.find("\n\n\xe2\x80\x94 example.org/federation ") != std::string::npos);
    CHECK(text.find("site-a") < text.find("site-b"));
    CHECK(head.countersignatures[0].time_s == 1763733301);
    CHECK(decode_signed_head(text).value() == head);
}

TEST_CASE("signatures hold for their own key, head and time only") {
    SignedHead head = some_signed_head();
    CHECK(is_signed_by(head, key_of(1).public_key()));
    CHECK_FALSE(is_signed_by(head, key_of(2).public_key()));
    Countersignature one = head.countersignatures[0];
    CHECK(is_countersigned_by(head.head, one, key_of(2).public_key()));
    CHECK_FALSE(is_countersigned_by(head.head, one, key_of(3).public_key()));
    ++one.time_s;
    CHECK_FALSE(is_countersigned_by(head.head, one, key_of(2).public_key()));
    one = head.countersignatures[0];
    one.site = "site-c";
    CHECK_FALSE(is_countersigned_by(head.head, one, key_of(2).public_key()));
    ++head.head.size;
    CHECK_FALSE(is_signed_by(head, key_of(1).public_key()));
}

TEST_CASE("a site that signs again replaces its countersignature") {
    SignedHead head = some_signed_head();
    add_countersignature(head, countersign(head.head, "site-a", key_of(2), 1763733400000));
    REQUIRE(head.countersignatures.size() == 2);
    CHECK(head.countersignatures[0].time_s == 1763733400);
}

// Nothing that reads as the same head, and nothing that holds.
TEST_CASE("any byte of a head that is changed or cut is noticed") {
    const SignedHead head = some_signed_head();
    const std::string good = encode(head);
    for (std::size_t i = 0; i < good.size(); ++i) {
        for (const int bit : {1, 2, 32, 128}) {
            std::string bad = good;
            bad[i] = static_cast<char>(bad[i] ^ bit);
            const auto read = decode_signed_head(bad);
            if (!read) continue;
            const bool holds =
                is_signed_by(*read, key_of(1).public_key()) && read->countersignatures.size() == 2 &&
                is_countersigned_by(read->head, read->countersignatures[0], key_of(2).public_key()) &&
                is_countersigned_by(read->head, read->countersignatures[1], key_of(3).public_key()) &&
                read->countersignatures[0].site == "site-a" && read->countersignatures[1].site == "site-b";
            CHECK_FALSE(holds);
        }
        const auto cut = decode_signed_head(good.substr(0, i));
        CHECK((!cut || cut->countersignatures.size() < 2));
    }
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

TEST_CASE("what is wrong is named with its line") {
    const std::string good = encode(some_signed_head());
    const auto message = [&](std::string_view from, std::string_view to) {
        const auto head = decode_signed_head(replaced(good, from, to));
        REQUIRE_FALSE(head);
        CHECK(head.error().code == Code::bad_input);
        return head.error().message;
    };
    CHECK(message("example.org/fed", "example org/fed") == "signed head, line 1: an origin is expected");
    CHECK(message("\n1234\n", "\n-1\n").find("line 2") != std::string::npos);
    CHECK(message("\n1234\n", "\n01234\n").find("shortest") != std::string::npos);
    CHECK(message("\n1234\n", "\n9223372036854775808\n").find("line 2") != std::string::npos);
    CHECK(message("time_ms ", "time ").find("line 4") != std::string::npos);
    CHECK(message("\xe2\x80\x94 example", "- example").find("line 6") != std::string::npos);
    CHECK(message("site-b", "site-a").find("a site after the one before") != std::string::npos);
    CHECK(message("site-b", "Site-b").find("a site's name") != std::string::npos);
    CHECK_FALSE(decode_signed_head(good + "\n").has_value());
    CHECK_FALSE(decode_signed_head("").has_value());
    CHECK_FALSE(decode_signed_head(std::string(head_max_bytes + 1, 'x')).has_value());
}

// The published key of a well-known log of modules, which is in this form.
TEST_CASE("a key line is that of the published format") {
    const std::string published = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    const std::string bytes = from_base64(published.substr(published.rfind('+', 30) + 1)).value();
    PublicKey key;
    std::copy_n(bytes.begin() + 1, key.size(), key.begin());
    CHECK(coordinator_key_line("sum.golang.org", key) == published);
    CHECK(site_key_line("sum.golang.org", key) != published);
}

TEST_CASE("an origin is one printable word that opens no other kind of message") {
    CHECK(check_origin("example.org/federation").has_value());
    for (const char* bad : {"", "a b", "a+b", "a\nb", "\xc3\xa4", "cosignature/v1"})
        CHECK_FALSE(check_origin(bad).has_value());
    CHECK_FALSE(check_origin(std::string(201, 'a')).has_value());
}

}  // namespace
}  // namespace euromesh::federation
