#include "sync/exchange/s3_store_listing.hpp"

#include <doctest/doctest.h>

#include "base/random.hpp"

using namespace euromesh;
using namespace euromesh::sync;

namespace {

constexpr std::string_view good =
    "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
    "<Name>b</Name><IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b=</NextContinuationToken>"
    "<Contents><Key>run/a</Key><Size>12</Size></Contents>"
    "<Contents><Size>0</Size><ETag>&quot;x&quot;</ETag><Key>run/&lt;b&gt;</Key></Contents>"
    "</ListBucketResult>";

}  // namespace

TEST_CASE("a listing gives names, sizes and where to go on") {
    const S3Listing listing = parse_s3_listing(good).value();
    CHECK(listing.blobs == std::vector<Blob>{{"run/a", 12}, {"run/<b>", 0}});
    CHECK(listing.next == "a&b=");
    CHECK(parse_s3_listing("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
              .value()
              .next.empty());
}

TEST_CASE("what is no listing is said to be none") {
    for (const char* bad :
         {"", "<html></html>", "<ListBucketResult>", "<ListBucketResult/>",
          "<ListBucketResult><Contents><Key>x</Key></Contents></ListBucketResult>",
          "<ListBucketResult><Contents><Key>x</Key><Size>-1</Size></Contents></ListBucketResult>",
          "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"}) {
        CAPTURE(bad);
        CHECK(parse_s3_listing(bad).error().code == Code::corrupted);
    }
    Random random(7);
    for (int i = 0; i < 5000; ++i) {
        std::string text(good);
        for (int n = 0; n < 5; ++n) text[random.below(text.size())] = static_cast<char>(random.below(256));
        text.resize(random.below(text.size()) + 1);
        const auto read = parse_s3_listing(text);
        if (read) CHECK(read->blobs.size() <= 2);
    }
}

TEST_CASE("error codes and percent-encoding") {
    CHECK(s3_error_code("<Error><Code>NoSuchKey</Code></Error>") == "NoSuchKey");
    CHECK(s3_error_code("nothing").empty());
    CHECK(percent_encoded("a/b=c~d e") == "a%2Fb%3Dc~d%20e");
}
