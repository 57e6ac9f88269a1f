function A() {
  return <p />;
}
export const B = () => <A>{A.name}</A>;
