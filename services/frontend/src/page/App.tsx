// The page: every job, live.
export function App() {
  return (
    <main>
      <h1>Headway</h1>
      <a href="./simple">Simple view</a>
    </main>
  );
}
