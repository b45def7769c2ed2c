Gem::Specification.new do |s|
  s.name = "ssa"
  s.version = "0.1.0"
  s.summary = "Constants of the Secure Socket API: TLS as a service of the operating system"
  s.authors = ["The Secure Socket API authors"]
  s.files = Dir["lib/**/*.rb"]
  s.required_ruby_version = ">= 2.7"
end
