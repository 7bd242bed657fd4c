// The answer to ListObjectsV2, read without an XML library.
//
// Why: of the document three elements matter, in a fixed nesting; a reader of them that survives any bytes is
// smaller than an adapter. Thread rule: plain functions. It does not: check that the rest is XML.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sync/exchange/blob_store.hpp"

namespace euromesh::sync {

struct S3Listing {
    std::vector<Blob> blobs;
    std::string next;  // continuation token; empty: this is all
};

// corrupted: not such a document, or an entry without a key or a size.
Result<S3Listing> parse_s3_listing(std::string_view xml);
// "NoSuchKey" of an error document; empty where there is none.
std::string s3_error_code(std::string_view xml);
// Every byte but letters, digits and -._~ as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace euromesh::sync
