export const A = () => <p>1 &lt; 2</p>;
