// Checked reading of a parsed JSON document: every access states its expectation, and fails with
// the JSON pointer of the place.
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

#include "failure.h"
#include "json.h"

namespace topc {

// A value and the way to it. The pointer's text is made only for an error.
class json_reader {
 public:
  explicit json_reader(const json &value) : value_(value) {}
  json_reader(const json &value, const json_reader &parent, const char *key)
      : value_(value), parent_(&parent), key_(key) {}
  json_reader(const json &value, const json_reader &parent, std::size_t index)
      : value_(value), parent_(&parent), index_(index) {}

  [[nodiscard]] std::string pointer() const {
    if (parent_ == nullptr) {
      return "";
    }
    return parent_->pointer() + "/" + (key_ == nullptr ? std::to_string(index_) : key_);
  }

  [[noreturn]] void refuse(const std::string &problem) const {
    throw bad_request(pointer(), problem);
  }

  [[nodiscard]] bool is_string() const { return value_.is_string(); }

  // Requires an object that has no other fields than these.
  void only(std::initializer_list<const char *> names) const {
    if (!value_.is_object()) {
      refuse("must be an object");
    }
    for (const auto &field : value_.items()) {
      bool known = false;
      for (const char *name : names) {
        known = known || field.key() == name;
      }
      if (!known) {
        refuse("has a field of unknown name");
      }
    }
  }

  // Requires an object of `count` fields.
  void has_fields(std::size_t count) const {
    if (value_.size() != count) {
      refuse("must have " + std::to_string(count) + (count == 1 ? " field" : " fields"));
    }
  }

  [[nodiscard]] bool has(const char *key) const { return value_.contains(key); }

  // The field `key`, which must be there.
  [[nodiscard]] json_reader at(const char *key) const {
    const auto found = value_.find(key);
    if (found == value_.end()) {
      refuse(std::string("lacks the field ") + key);
    }
    return {*found, *this, key};
  }

  // Calls `read` for each item of an array of at most `limit` and returns the results.
  template <typename Read> auto list(std::size_t limit, Read read) const {
    if (!value_.is_array()) {
      refuse("must be an array");
    }
    if (value_.size() > limit) {
      refuse("must have at most " + std::to_string(limit) + " items");
    }
    std::vector<std::decay_t<decltype(read(*this))>> items;
    items.reserve(value_.size());
    std::size_t index = 0;
    for (const json &item : value_) {
      items.push_back(read(json_reader(item, *this, index++)));
    }
    return items;
  }

  // A whole number in [low, high].
  template <typename Integer = std::int64_t>
  [[nodiscard]] Integer integer(Integer low, Integer high) const {
    if (!value_.is_number_integer()) {
      refuse("must be an integer");
    }
    // A number that does not fit 64 signed bits is above every `high`.
    const bool huge = value_.is_number_unsigned() &&
                      value_.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
    const std::int64_t number = huge ? 0 : value_.get<std::int64_t>();
    if (huge || number < static_cast<std::int64_t>(low) ||
        number > static_cast<std::int64_t>(high)) {
      refuse("must be in " + std::to_string(low) + " to " + std::to_string(high));
    }
    return static_cast<Integer>(number);
  }

  // Bytes, counts and offsets: up to 2^53.
  [[nodiscard]] std::uint64_t size(std::uint64_t low = 0) const {
    return integer<std::uint64_t>(low, std::uint64_t{1} << 53);
  }

  [[nodiscard]] double number(double low, double high) const {
    if (!value_.is_number()) {
      refuse("must be a number");
    }
    const double number = value_.get<double>();
    if (!(number >= low && number <= high)) {
      refuse("must be in " + std::to_string(low) + " to " + std::to_string(high));
    }
    return number;
  }

  [[nodiscard]] bool boolean() const {
    if (!value_.is_boolean()) {
      refuse("must be true or false");
    }
    return value_.get<bool>();
  }

  [[nodiscard]] const std::string &any_text() const {
    if (!value_.is_string()) {
      refuse("must be a string");
    }
    return value_.get_ref<const std::string &>();
  }

  // Non-empty text without NUL, at which C would cut it.
  [[nodiscard]] const std::string &text() const {
    const std::string &text = any_text();
    if (text.empty() || text.find('\0') != std::string::npos) {
      refuse("must not be empty, nor have a NUL character");
    }
    return text;
  }

  // The meaning of one of the given words.
  template <typename Meaning>
  [[nodiscard]] Meaning word(
      std::initializer_list<std::pair<const char *, Meaning>> meanings) const {
    std::string all;
    for (const auto &[name, meaning] : meanings) {
      if (value_.is_string() && value_.get_ref<const std::string &>() == name) {
        return meaning;
      }
      all += (all.empty() ? "" : " or ") + std::string(name);
    }
    refuse("must be " + all);
  }

 private:
  const json &value_;
  const json_reader *parent_ = nullptr;
  const char *key_ = nullptr;
  std::size_t index_ = 0;
};

}  // namespace topc
