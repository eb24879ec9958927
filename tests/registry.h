#pragma once

#include <QObject>
#include <QString>

#include <memory>
#include <string_view>
#include <vector>

/// A test class of this executable.
struct RegisteredTest {
    const QMetaObject* type = nullptr;
    std::unique_ptr<QObject> (*make)() = nullptr;

    /// Without its namespaces.
    [[nodiscard]] std::string_view className() const {
        const std::string_view name = type->className();
        const std::size_t colon = name.rfind(':');
        return colon == std::string_view::npos ? name : name.substr(colon + 1);
    }
};

/// The test classes of one executable. Each file with a test class makes one
/// `const Registered<TheTest> registered;`, and test_main.cpp runs them all.
std::vector<RegisteredTest>& registeredTests();

/// The value of `--NAME=VALUE` on the command line, or "": for tests that need a file which is too
/// large, or not ours, to be kept here. Such a test skips and says what it would need.
QString testOption(const QString& name);

template <class T>
struct Registered {
    Registered() {
        registeredTests().push_back({&T::staticMetaObject, []() -> std::unique_ptr<QObject> {
                                         return std::make_unique<T>();
                                     }});
    }
};
