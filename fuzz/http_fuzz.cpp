// What strangers send to the server before any handler sees it: requests cut in pieces anywhere, queries,
// paths, cursors, and JSON held against schemas that are themselves made of the input.
#include "base/json.hpp"
#include "federation/http/dispatcher.hpp"
#include "federation/http/paging.hpp"
#include "federation/http/request_reader.hpp"
#include "fuzz/input.hpp"

namespace euromesh::fuzz {
namespace {

using namespace federation;

struct Reading {
    RequestReader::Step step = RequestReader::Step::more;
    std::size_t used = 0;
    std::string body{};
    RequestHead head{};
};

// As a connection reads: `piece` more bytes whenever the reader wants more.
Reading read(std::string_view bytes, std::size_t piece) {
    RequestReader reader(4096);
    Reading reading;
    std::size_t end = 0;
    while (true) {
        std::size_t used = 0;
        reading.step = reader.feed(bytes.substr(reading.used, end - reading.used), used);
        EM_ASSERT(used <= end - reading.used, "no more is used than there is");
        reading.used += used;
        if (reading.step == RequestReader::Step::head) {
            reader.set_body_limit(1000);
            continue;
        }
        if (reading.step != RequestReader::Step::more || end == bytes.size()) break;
        end = std::min(bytes.size(), end + piece);
    }
    reading.head = reader.head();
    reading.body = reader.take_body();
    return reading;
}

void nothing(HttpCall&, const Responder& to) {
    to.answer({});
}

const Api& api() {
    static const Api made = [] {
        Api one;
        Route route;
        route.method = HttpMethod::post;
        route.pattern = "/v1/jobs/{id}";
        route.id = "post";
        route.body_limit = 1000;
        route.idempotency = Idempotency::accepted;
        route.handler = nothing;
        one.routes.push_back(route);
        EM_ASSERT(one.check(), "the routes are good");
        return one;
    }();
    return made;
}

void try_request(std::string_view bytes, std::size_t piece) {
    const Reading whole = read(bytes, bytes.size() + 1);
    const Reading pieces = read(bytes, piece + 1);
    EM_ASSERT(whole.step == pieces.step, "how bytes are cut does not matter");
    if (whole.step != RequestReader::Step::done) return;
    EM_ASSERT(whole.body == pieces.body && whole.used == pieces.used, "nor for what they mean");
    EM_ASSERT(whole.body.size() <= 1000, "a body keeps its limit");
    const ManualClock clock;
    Dispatcher dispatcher(api(), {}, {.per_second = 1, .burst = 100}, true, clock, "f");
    const Admission admission = dispatcher.admit(whole.head, "192.0.2.1");
    if (admission.answer) return;
    EM_ASSERT(admission.route != nullptr, "who is let in has a route");
    for (const auto& [name, value] : admission.call.parameters)
        EM_ASSERT(is_plain_text(value), "decoded text is text");
}

void try_texts(std::string_view text) {
    if (const auto decoded = percent_decoded(text)) {
        EM_ASSERT(percent_decoded(percent_encoded(*decoded)) == *decoded, "encoding goes and comes back");
    }
    HttpCall call;
    call.query = parse_query(text).value_or(TextPairs{});
    call.query.emplace_back("cursor", text);
    static_cast<void>(parse_page(call, "list"));
    call.query = {{"cursor", make_cursor("list", text)}};
    const auto page = parse_page(call, "list");
    EM_ASSERT(!page || page->after == text, "a cursor gives back what it was made of");
}

void try_schema(std::string_view schema, std::string_view document) {
    auto schema_json = parse_json(schema, 4096);
    const auto document_json = parse_json(document, 65536);
    SchemaSet set;
    if (!schema_json || !document_json || !set.add("A", std::move(*schema_json)) || !set.check_references())
        return;
    EM_ASSERT(set.faults_of("A", *document_json, 5).size() <= 5, "not more faults than asked for");
}

}  // namespace

void try_input(Input input) {
    const std::size_t kind = input.byte();
    const std::size_t size = input.byte();
    if (kind % 3 == 0) return try_request(input.text(), size);
    if (kind % 3 == 1) return try_texts(input.text());
    const std::string schema(input.text().substr(0, std::min(size, input.text().size())));
    try_schema(schema, input.text().substr(schema.size()));
}

}  // namespace euromesh::fuzz
