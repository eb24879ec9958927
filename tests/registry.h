#pragma once

#include <QObject>
#include <QString>

#include <memory>
#include <vector>

/// The test classes of one executable. Each file with a test class makes one
/// `const Registered<TheTest> registered;`, and test_main.cpp runs them all.
using MakeTest = std::unique_ptr<QObject> (*)();

std::vector<MakeTest>& registeredTests();

/// The value of `--NAME=VALUE` on the command line, or "": for tests that need a file which is too
/// large, or not ours, to be kept here. Such a test skips and says what it would need.
QString testOption(const QString& name);

template <class T>
struct Registered {
    Registered() {
        registeredTests().push_back(
            []() -> std::unique_ptr<QObject> { return std::make_unique<T>(); });
    }
};
