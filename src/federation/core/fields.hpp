// One description of a record's fields, for writing and for reading: the bytes of events and snapshots.
//
// A record says once, in `template <class A> void describe(A& a, X& x)`, which fields it has, in which order
// and under which names; FieldWriter makes canonical JSON text of it (no spaces, keys in that order),
// FieldReader takes it back and accepts nothing else: other order, unknown, missing or wrongly typed fields
// are bad_input, with the field's path. `optional` fields are left out while they have their type's default.
// Records hold integers, text, booleans and containers of them; never floating point. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "contract/job_spec.hpp"
#include "contract/site_document.hpp"

namespace euromesh::federation {

// JSON text of a string, with quotes; bytes that are no UTF-8 become U+FFFD.
void append_json_text(std::string& out, std::string_view text);

class FieldWriter {
  public:
    explicit FieldWriter(std::string& out) : out_(out) { out_ += '{'; }
    void close() { out_ += '}'; }

    template <class T>
    void operator()(std::string_view name, const T& value) {
        if (any_) out_ += ',';
        any_ = true;
        out_ += '"';
        out_ += name;
        out_ += "\":";
        write(value);
    }
    template <class T>
    void optional(std::string_view name, const T& value) {
        if (!(value == T{})) (*this)(name, value);
    }

  private:
    void write(std::int64_t value);
    void write(bool value) { out_ += value ? "true" : "false"; }
    void write(const std::string& value) { append_json_text(out_, value); }
    void write(const Json& value) { out_ += value.dump(); }
    void write(const contract::JobSpec& value) { out_ += contract::to_json(value).dump(); }
    void write(const std::shared_ptr<const contract::JobSpec>& value) { write(*value); }
    void write(const contract::SiteDocument& value) { out_ += contract::to_json(value).dump(); }
    template <class T>
    void write(const std::vector<T>& list) {
        out_ += '[';
        for (std::size_t i = 0; i < list.size(); ++i) {
            if (i > 0) out_ += ',';
            write(static_cast<const T&>(list[i]));
        }
        out_ += ']';
    }
    template <class T>
    void write(const std::map<std::string, T>& map) {
        out_ += '{';
        for (auto entry = map.begin(); entry != map.end(); ++entry) {
            if (entry != map.begin()) out_ += ',';
            write(entry->first);
            out_ += ':';
            write(entry->second);
        }
        out_ += '}';
    }
    template <class T>
    void write(const T& record) {
        FieldWriter inner(out_);
        describe(inner, const_cast<T&>(record));
        inner.close();
    }

    std::string& out_;
    bool any_ = false;
};

class FieldReader {
  public:
    // `path` says where the object stands: "job.submitted".
    FieldReader(const Json& object, std::string path);

    template <class T>
    void operator()(std::string_view name, T& value) {
        if (wrong_) return;
        if (!stands_at(name)) return reject(name, "is missing or not in its place");
        read(name, at_.value(), value);
        ++at_;
    }
    template <class T>
    void optional(std::string_view name, T& value) {
        if (!wrong_ && stands_at(name)) (*this)(name, value);
    }
    // bad_input: the first field that is wrong.
    Status finish();

  private:
    bool stands_at(std::string_view name) const { return at_ != end_ && at_.key() == name; }
    void reject(std::string_view name, std::string_view what);
    void read(std::string_view name, const Json& json, std::int64_t& value);
    void read(std::string_view name, const Json& json, bool& value);
    void read(std::string_view name, const Json& json, std::string& value);
    void read(std::string_view, const Json& json, Json& value) { value = json; }
    void read(std::string_view name, const Json& json, contract::JobSpec& value);
    void read(std::string_view name, const Json& json, std::shared_ptr<const contract::JobSpec>& value);
    void read(std::string_view name, const Json& json, contract::SiteDocument& value);
    template <class T>
    void read(std::string_view name, const Json& json, std::vector<T>& list) {
        if (!json.is_array()) return reject(name, "must be a list");
        list.clear();
        for (const Json& entry : json) {
            T one{};
            read(name, entry, one);
            list.push_back(std::move(one));
        }
    }
    template <class T>
    void read(std::string_view name, const Json& json, std::map<std::string, T>& map) {
        if (!json.is_object()) return reject(name, "must be an object");
        map.clear();
        for (const auto& entry : json.items()) {
            T one{};
            read(name, entry.value(), one);
            map.emplace(entry.key(), std::move(one));
        }
    }
    template <class T>
    void read(std::string_view name, const Json& json, T& record) {
        FieldReader inner(json, path_ + "/" + std::string(name));
        describe(inner, record);
        if (const Status status = inner.finish(); !status && !wrong_) wrong_ = status.error().message;
    }

    std::string path_;
    Json::const_iterator at_;
    Json::const_iterator end_;
    std::optional<std::string> wrong_;
};

template <class T>
void append_record(std::string& out, const T& record) {
    FieldWriter writer(out);
    describe(writer, const_cast<T&>(record));
    writer.close();
}

template <class T>
std::string record_text(const T& record) {
    std::string out;
    append_record(out, record);
    return out;
}

// bad_input: as FieldReader::finish().
template <class T>
Result<T> read_record(const Json& json, std::string path) {
    T record{};
    FieldReader reader(json, std::move(path));
    describe(reader, record);
    EM_TRY(reader.finish());
    return record;
}

}  // namespace euromesh::federation
